"""What an answer has to look like, and the edits in it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_selfheal.model import Rewrite

MOST_EDITS = 10
LONGEST_TEXT = 20_000
LONGEST_EXPLANATION = 400

_TEXTS = ("path", "search", "replace")


@dataclass(frozen=True)
class Answer:
    """A model's answer: why, in one line, and what to edit; no edits when it does not know."""

    explanation: str
    rewrites: tuple[Rewrite, ...]


def fits(value: Any) -> bool:
    """Tell whether a JSON value is an answer; what to give to `parse_json` as `expect`."""
    if not isinstance(value, dict):
        return False
    edits = value.get("edits")
    explanation = value.get("explanation", "")
    if not isinstance(edits, list) or len(edits) > MOST_EDITS or not isinstance(explanation, str):
        return False
    return all(_is_edit(edit) for edit in edits)


def _is_edit(edit: Any) -> bool:
    if not isinstance(edit, dict) or not isinstance(edit.get("anchor") or "", str):
        return False
    texts = [edit.get(name) for name in _TEXTS]
    return all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts) and bool(edit["path"])


def answer_of(value: Any) -> Answer:
    """Return the answer in a JSON value for which `fits` holds."""
    rewrites = tuple(
        Rewrite(edit["path"], edit["search"], edit["replace"], edit.get("anchor") or "") for edit in value["edits"]
    )
    words = " ".join(value.get("explanation", "").split())
    return Answer(words[:LONGEST_EXPLANATION], rewrites)
