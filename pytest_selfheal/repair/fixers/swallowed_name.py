"""A name is missing, but the code swallowed the error: tests fail for what came of it.

`except Exception: return False` turns a lost import into a wrong answer. What is left as evidence is the source itself:
a product file that uses a name nothing defines. Whether that was the cause only the tests can tell, so these candidates
are worth nothing unless they turn the tests green.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Frame
from pytest_selfheal.repair.fixers.missing_import import propose as propose_import
from pytest_selfheal.repair.project import kind_of

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "swallowed_name"
_MOST_FILES = 3
_TIMEOUT_S = 20
_ANSWERED_ELSEWHERE = frozenset({"NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError"})


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one candidate for each product file with undefined names; empty for errors that name their cause."""
    kinds = {link.type_name.rpartition(".")[2] for link in failure.chain} | {failure.error_type.rpartition(".")[2]}
    if kinds & _ANSWERED_ELSEWHERE or failure.phase.value == "collect":
        return []
    return project.remember(NAME, lambda: _candidates(failure, project))


def _candidates(failure: Failure, project: Project) -> list[Candidate]:
    found: list[Candidate] = []
    for path, name in list(undefined(project).items())[:_MOST_FILES]:
        frames = (Frame(path, 1, "<module>", in_app=True),)
        link = ErrorLink("NameError", message=f"name {name!r} is not defined", facts={"name": name}, frames=frames)
        asked = replace(failure, error_type="NameError", error_message=link.message, chain=(link,))
        sure = [candidate for candidate in propose_import(asked, project) if candidate.learned]
        if len(sure) == 1:
            found.append(replace(sure[0], fixer=NAME, specific=False))
    return found


def undefined(project: Project) -> dict[str, str]:
    """Return product files with a name that nothing defines, and the first such name, as ruff sees them."""
    try:
        import ruff

        program = ruff.find_ruff_bin()
    except (ImportError, OSError, AttributeError):
        return {}
    files = [path for path in project.files if kind_of(path) == "product"]
    version = f"py3{min(sys.version_info.minor, 13)}"
    options = ["--isolated", "--no-cache", "--select=F821", "--output-format=json", f"--target-version={version}"]
    command = [program, "check", "--quiet", *options, "--exit-zero", "--", *files]
    try:
        done = subprocess.run(command, cwd=project.root, capture_output=True, timeout=_TIMEOUT_S, check=False)
        rows = json.loads(done.stdout or b"[]")
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    names: dict[str, str] = {}
    for row in rows if isinstance(rows, list) else ():
        parts = str(row.get("message", "")).split("`")
        path = project.relative(str(row.get("filename", "")))
        if row.get("code") == "F821" and len(parts) > 1 and path:
            names.setdefault(path, parts[1])
    return names
