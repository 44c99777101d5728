"""A small project on disk, made from a table of files."""

from __future__ import annotations

from pathlib import Path

import pytest

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
