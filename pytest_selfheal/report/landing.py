"""How `selfheal commit` tells what it did.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from pytest_selfheal.model import Landing

_WORDS = {
    "committed": "committed on {branch}",
    "pushed": "pushed to {branch}",
    "patch": "patch written",
    "nothing": "nothing to commit",
    "refused": "refused",
}
_WOULD = {"committed": "would commit on {branch}", "pushed": "would push to {branch}", "patch": "would write a patch"}


def landing_document(landed: Landing, exit_status: int) -> dict[str, Any]:
    """Return `selfheal-commit/1`; `exit_status` is what the command ends with."""
    return {"schema": "selfheal-commit/1", "exit_status": exit_status, **landed.to_dict()}


def landing_lines(landed: Landing, out: str) -> list[str]:
    """Return what happened, each file, what was left out and why, what to know."""
    words = (_WOULD if landed.dry_run else _WORDS).get(landed.status, _WORDS[landed.status])
    head = words.format(branch=terminal_line(landed.branch) or "a detached HEAD")
    if landed.commit:
        head += f" ({landed.commit[:12]})"
    lines = [f"selfheal commit: {head}: {terminal_line(landed.reason)}" if landed.reason else head]
    lines += [f"  {terminal_line(path)}" for path in landed.files]
    lines += [f"  left out: {terminal_line(one.path)}: {terminal_line(one.reason)}" for one in landed.skipped]
    lines += [f"  note: {terminal_line(notice)}" for notice in landed.notices]
    if landed.status in {"patch", "refused"} and landed.files and not landed.dry_run:
        lines.append(f"  apply it with: git apply {terminal_line(out)}/selfheal.patch")
    return lines
