"""Fixes that other plugins and conftest files propose, through the hook `pytest_selfheal_propose`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Proposal
from pytest_selfheal.plugin.parts import RAISED
from pytest_selfheal.safety.escape import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.repair.project import Project

_MOST = 8
_CONFIDENCE = 0.72
"""Inside the band that shows a fix but does not write it."""


def proposing_for(controller: Controller) -> Callable[[Failure, Project], list[Candidate]]:
    """Return a fixer that asks the plugins; it never raises."""

    def propose(failure: Failure, project: Project) -> list[Candidate]:
        hook = controller.config.hook.pytest_selfheal_propose
        if not hook.get_hookimpls():
            return []
        try:
            answers = hook(failure=failure, root=controller.config.rootpath)
            proposals = [one for answer in answers if answer is not None for one in _listed(answer)]
        except RAISED as error:  # the hook is somebody else's; our fixers go on
            controller.parts.note(_told("", error))
            return []
        found: list[Candidate] = []
        for proposal in proposals[:_MOST]:
            try:
                found.append(_candidate(proposal, project))
            except Exception as error:  # noqa: BLE001 - one proposal that fits nothing is no reason to drop the others
                controller.parts.note(_told(getattr(proposal, "plugin", ""), error))
        return found

    return propose


def _listed(answer: Any) -> Iterable[Any]:
    return (answer,) if isinstance(answer, (Proposal, str)) or not isinstance(answer, Iterable) else answer


def _told(plugin: str, error: BaseException) -> str:
    """Return one line on what went wrong in somebody else's proposal."""
    whose = f" ({visible(str(plugin))[:40]})" if plugin else ""
    text = "; ".join(line.strip().removeprefix("-> ") for line in str(error).splitlines())
    return f"pytest_selfheal_propose{whose}: {type(error).__name__}: {visible(text)[:300]}"


def _candidate(proposal: Proposal, project: Project) -> Candidate:
    from pytest_selfheal.repair.rewriting import candidate_from

    if not isinstance(proposal, Proposal):
        raise DataError(
            f"the answer holds a {type(proposal).__name__}",
            where="pytest_selfheal_propose",
            todo="answer a list of pytest_selfheal.model.Proposal",
        )
    made = candidate_from(
        proposal.rewrites,
        project,
        fixer=f"plugin:{visible(proposal.plugin)[:40]}",
        title=visible(proposal.title)[:200],
        evidence=tuple(visible(line)[:400] for line in proposal.evidence),
    )
    return replace(made, origin=Origin.BUILTIN, confidence=_CONFIDENCE)
