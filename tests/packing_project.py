"""A project with a bug that no fixer knows, and what a model may answer about it."""

from __future__ import annotations

import json

BOXES = '''"""How orders are packed."""


def boxes(items, per_box):
    """Return how many boxes the items take."""
    return items // per_box
'''
TEST = '''from shop.packing import boxes


def test_a_box_that_is_not_full_counts():
    """Seven items in boxes of three take three boxes."""
    assert boxes(7, 3) == 3
'''
FIXED = "    return -(-items // per_box)"
KEY = "a-key-of-no-value"
NOTHING = json.dumps({"explanation": "I cannot tell.", "edits": []})


def answer(path="src/shop/packing.py", search="    return items // per_box", replace=FIXED, anchor=""):
    """Return an answer with one edit, as a model would give it; by default the right one."""
    edit = {"path": path, "anchor": anchor, "search": search, "replace": replace}
    return json.dumps({"explanation": "A box that is not full counts too.", "edits": [edit]})
