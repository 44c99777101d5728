"""A package that is used but not declared: the line for `pyproject.toml`, as a diff for a person to take or leave.

Nothing is installed or written, and no name is guessed: a distribution is only named when the project's own files name
it already (a lock file, requirements, another group). Whoever registers the name of a popular module with a slip in it
would else have found a way in.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import difflib
import re
import sys
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.imports import is_standard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")
_MOST_BYTES = 20_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WORD = re.compile(r"(?m)(?:(?<=[\"'\s])|^)[A-Za-z0-9][A-Za-z0-9._-]*(?=[\"'\s=<>~!;\[]|$)")
_MISSING = re.compile(r"^No module named '(?P<module>[\w.]+)'")
_OTHERWISE = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Modules of well-known distributions that have another name than they."""


def dependency_note(failure: Failure, project: Project) -> str:
    """Return what to tell about a missing package, with a diff where one can be made; empty when it is no such error.

    Nothing is run and nothing written.
    """
    module = _missing_module(failure)
    if not module or module in project.packages or is_standard(module):
        return ""
    text = _text(project.root / "pyproject.toml")
    distribution = _known(module, project.root, text)
    if not distribution:
        return f"no file of this project names a distribution for the module {module}: declare and install it by hand"
    if _normal(distribution) in {_normal(name) for name in _declared(text)}:
        return f"{distribution} is declared already: install the project's dependencies"
    diff = dependency_diff(text, distribution)
    told = f"{distribution} is used but not declared among the dependencies"
    return f"{told}; perhaps:\n{diff}" if diff else f"{told}: declare it by hand"


def dependency_diff(text: str, distribution: str) -> str:
    """Return a unified diff that adds a distribution to `[project] dependencies`; empty when it cannot be made.

    Only one piece of text is inserted, so that everything else stays as it is written; the result is read again, and
    must say the same as before but for the new entry.
    """
    for new in _insertions(text, distribution):
        if _adds(text, new, distribution):
            names = ("a/pyproject.toml", "b/pyproject.toml")
            return "\n".join(difflib.unified_diff(text.splitlines(), new.splitlines(), *names, lineterm=""))
    return ""


def _insertions(text: str, distribution: str) -> Iterable[str]:
    for match in re.finditer(r"(?m)^dependencies[ \t]*=[ \t]*\[", text):
        for end in re.finditer(r"\]", text[match.end() :]):
            close = match.end() + end.start()
            inside = text[match.end() : close]
            kept = inside.rstrip()
            if "\n" in inside:
                indent = re.search(r"\n([ \t]+)\S", inside)
                comma = "" if not kept.strip() or kept.endswith(",") else ","
                line = f'{comma}\n{indent[1] if indent else "    "}"{distribution}",'
                yield f"{text[: match.end()]}{kept}{line}{inside[len(kept) :]}{text[close:]}"
            else:
                comma = ", " if kept.strip() and not kept.endswith(",") else ""
                yield f'{text[: match.end()]}{kept}{comma}"{distribution}"{text[close:]}'


def _adds(old: str, new: str, distribution: str) -> bool:
    before, after = _table(old), _table(new)
    listed = before.get("project", {}).get("dependencies")
    if not isinstance(listed, list) or not after:
        return False
    before["project"]["dependencies"] = [*listed, distribution]
    return before == after


def _table(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _missing_module(failure: Failure) -> str:
    for link in links(failure):
        match = _MISSING.match(link.message) if kind(link) == "ModuleNotFoundError" else None
        if match is not None:
            return match["module"].partition(".")[0]
    return ""


def _declared(text: str) -> list[str]:
    listed = _table(text).get("project", {}).get("dependencies", [])
    return [match[0] for one in listed if isinstance(one, str) and (match := _NAME.match(one))]


def _known(module: str, root: Path, pyproject: str) -> str:
    """Return the distribution as the project's own files write it."""
    wanted = {_normal(module), _OTHERWISE.get(module.lower(), _normal(module))}
    files = [pyproject, *(_text(root / name) for name in _LOCKS)]
    files += [_text(path) for path in sorted(root.glob("requirements*.txt"))[:10]]
    for text in files:
        found = (match[0] for match in _WORD.finditer(text))
        name = next((one for one in found if _normal(one) in wanted), "")
        if name:
            return name
    return ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= _MOST_BYTES else ""
    except OSError:
        return ""
