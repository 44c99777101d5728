"""A small project on disk, made from a table of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.repair.guards import refusal
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.project import Project


@pytest.fixture
def make_project(tmp_path):
    """Return a function that writes files (path to text or bytes) and returns the project."""

    def make(files, **options) -> Project:
        for name, text in files.items():
            path = Path(tmp_path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Project(tmp_path, **options)

    return make


@pytest.fixture
def failing():
    """Return a function that builds a test's failure by the error it met, and the line of the project it was at."""

    def build(kind, message, path="shop/a.py", line=1, *, nodeid="tests/test_it.py::test_it", **facts) -> Failure:
        frames = (Frame("tests/test_it.py", 1, "test_it", in_app=True), Frame(path, line, "f", in_app=True))
        link = ErrorLink(kind, message=message, facts=facts, frames=frames)
        return Failure(nodeid, Phase.CALL, kind, message, chain=(link,), test_path=nodeid.partition("::")[0])

    return build


@pytest.fixture
def healed():
    """Return a function that gives the new texts of a single candidate; guards must agree with each."""

    def heal(propose, failure, project, *, learned=True):
        found = propose(failure, project)
        assert all(refusal(item.patch, project.read, project.root) == "" for item in found)
        texts = [
            {path: data.decode() for path, data in apply_patch(item.patch, project.read).items()}
            for item in found
            if item.learned is learned
        ]
        assert len(texts) <= 1
        return texts[0] if texts else {}

    return heal
