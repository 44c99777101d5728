"""The smallest places where two trees differ.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import difflib
from typing import Any

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import Forms
from pytest_selfheal.learn.forms import key_of

Step = tuple[Forms, Forms]
"""The old and the new form of one place."""

Path = list[Step]
"""From the module down to the smallest differing place, which is the last step."""

_IMPORTS = ("Import", "ImportFrom")
_WHOLE = ("keyword", "alias")


def differences(before: Form, after: Form) -> list[Path]:
    """Return the paths to the places that differ; imports are left to the tables of what they bind."""
    found: list[Path] = []
    _compare(before, after, [], found)
    return found


def _compare(before: Form, after: Form, path: Path, found: list[Path]) -> None:
    path = [*path, (before, after)]
    if before.key == after.key:
        return
    if before.kind != after.kind:
        found.append(path)
        return
    changed: list[tuple[Any, Any]] = []
    for name, old in before.fields.items():
        new: Any = after.fields.get(name)
        if key_of(old) == key_of(new):
            continue
        if _is_body(old) or _is_body(new):
            _compare_bodies(old, new, path, found)
        else:
            changed.append((old, new))
    if not changed:
        return
    inner = _inner_step(before, changed)
    if inner is None:
        found.append(path)
    else:
        for old, new in inner:
            _compare(old, new, path, found)


def _inner_step(before: Form, changed: list[tuple[Any, Any]]) -> list[tuple[Form, Form]] | None:
    """Return where to look further; None when this form itself is the smallest place."""
    forms = [(old, new) for old, new in changed if isinstance(old, Form) and isinstance(new, Form)]
    if before.is_statement and len(forms) == len(changed):
        return forms  # several independent edits in one statement
    pairs = _pairs(changed)
    if pairs and all(_differ_in_names(old, new) for old, new in pairs):
        return pairs
    if len(changed) != 1:
        return None
    if forms:
        return forms if forms[0][0].kind != "keyword" else None
    if pairs is None or len(pairs) != 1:
        return None
    x, y = pairs[0]
    if x.kind == y.kind == "keyword" and x.fields["arg"] == y.fields["arg"]:
        return [(x.fields["value"], y.fields["value"])]
    return [(x, y)] if x.kind not in _WHOLE else None


def _pairs(changed: list[tuple[Any, Any]]) -> list[tuple[Form, Form]] | None:
    """Return the forms that differ, old and new; None when something else differs, or something came or went."""
    found: list[tuple[Form, Form]] = []
    for old, new in changed:
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            items = list(zip(old, new, strict=True))
        else:
            items = [(old, new)]
        for x, y in items:
            if key_of(x) == key_of(y):
                continue
            if not isinstance(x, Form) or not isinstance(y, Form):
                return None
            found.append((x, y))
    return found


def _differ_in_names(old: Form, new: Form) -> bool:
    """Tell whether two forms are the same but for dotted names: then each name is an edit of its own."""
    if old.kind == new.kind == DOTTED:
        return True
    if old.kind != new.kind or old.fields.keys() != new.fields.keys():
        return False
    parts = [(part, new.fields[name]) for name, part in old.fields.items() if key_of(part) != key_of(new.fields[name])]
    pairs = _pairs(parts)
    return bool(pairs) and all(_differ_in_names(x, y) for x, y in pairs or ())


def _is_body(part: Any) -> bool:
    return isinstance(part, list) and any(isinstance(item, Form) and item.is_statement for item in part)


def _compare_bodies(old: list[Form], new: list[Form], path: Path, found: list[Path]) -> None:
    matcher = difflib.SequenceMatcher(None, [key_of(x) for x in old], [key_of(y) for y in new], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        gone = [form for form in old[i1:i2] if form.kind not in _IMPORTS]
        come = [form for form in new[j1:j2] if form.kind not in _IMPORTS]
        if tag == "equal" or not (gone or come):
            continue
        if len(gone) == len(come) and all(x.kind == y.kind for x, y in zip(gone, come, strict=True)):
            for x, y in zip(gone, come, strict=True):
                _compare(x, y, path, found)
        elif gone:
            found.append([*path, (gone, come)])
        elif i2 < len(old):  # inserted: the statement behind it tells where
            found.append([*path, ([old[i2]], [*come, new[j2]])])
        elif i1:
            found.append([*path, ([old[i1 - 1]], [new[j1 - 1], *come])])
