"""The labelled corpus is complete and well-formed; its failures themselves are run by `make corpus`."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from pytest_selfheal.model import Category

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CORPUS = Path(__file__).parent.parent / "corpus"
LABELS = tomllib.loads((CORPUS / "labels.toml").read_text("utf-8"))
COLLECTION = "<collection>"
NOT_RECORDED = "not_recorded"
CASES = [(file, test, label) for file, tests in LABELS.items() for test, label in tests.items()]


def _tests(path):
    """The names of the tests of a file, with their class; none when it cannot be read as Python."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except SyntaxError:
        return set()
    found = set()
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        functions = [each for each in inside if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        found |= {prefix + each.name for each in functions if each.name.startswith("test_")}
    return found


FILES = sorted((CORPUS / "cases").rglob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_has_a_label_and_every_label_a_case(path):
    """A test without label, or a label whose test is gone, would silently change the score."""
    labels = LABELS.get(path.relative_to(CORPUS).as_posix(), {})
    # A file that cannot be collected is one case, and so is a folder whose conftest is broken.
    whole = COLLECTION in labels or path.parent.relative_to(CORPUS).as_posix() in LABELS

    assert whole or set(labels) == _tests(path)


def test_every_label_names_a_file_or_folder():
    """A label for something that is gone would count as a failure that was not recorded."""
    assert [file for file in LABELS if not (CORPUS / file).exists()] == []


def test_labels_use_the_words_of_the_model():
    """Only categories, or `not_recorded`; an alternative differs from the label."""
    words = {category.value for category in Category} | {NOT_RECORDED}

    assert [case for case in CASES if not {case[2]["is"], *case[2].get("also", [])} <= words] == []
    assert [case for case in CASES if case[2]["is"] in case[2].get("also", [])] == []


def test_the_corpus_is_large_enough_to_judge_by():
    """Figures of a handful of cases say little: enough of each tier, of skipped ones and of every category."""
    failures = [label for _, _, label in CASES if label["is"] != NOT_RECORDED]
    tiers = [label["tier"] for label in failures]

    assert len(failures) >= 780
    assert len(CASES) - len(failures) >= 12
    assert min(tiers.count(tier) for tier in ("plain", "library", "tricky")) >= 100
    assert {label["is"] for label in failures} == {category.value for category in Category}
