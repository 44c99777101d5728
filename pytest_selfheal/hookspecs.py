"""Hooks other plugins and conftest files may implement.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.model import Alert
    from pytest_selfheal.model import Category
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Prompt
    from pytest_selfheal.model import Proposal
    from pytest_selfheal.model import Reply
    from pytest_selfheal.model import Ruling


@pytest.hookspec()
def pytest_selfheal_event(event: HealingEvent) -> None:
    """Called in the controller for everything the plugin does: a retry that healed, a fix, a suggestion, ...

    Errors raised here are reported as one warning and change nothing.
    """


@pytest.hookspec()
def pytest_selfheal_alert(alert: Alert) -> None:
    """Called in the controller at the end of a run that made a rate reach a limit, once for each limit and window.

    Errors raised here are reported as one warning and change nothing.
    """


@pytest.hookspec(firstresult=True)
def pytest_selfheal_classify(failure: Failure, error: BaseException | None) -> Ruling | Category | str | None:
    """Say what a failure is, before the settings and the built-in rules are asked; None leaves it to them.

    Called where the test ran (in an xdist worker, say), once for each failed attempt. It decides about retries and
    repairs: an assertion called `transient` is retried. Errors raised here, and answers that are no category, are
    reported as one warning and change nothing.

    Args:
        failure: what was captured, redacted: type, message, phase, chain of exceptions with their facts.
        error: the exception itself; None for a report without one.

    Returns:
        a category (`Category` or its word), or a `Ruling` with severity, confidence and reason.
    """


@pytest.hookspec()
def pytest_selfheal_propose(failure: Failure, root: Path) -> Iterable[Proposal] | None:
    """Propose fixes for a failure; called in the controller at the end of a run, and again for errors behind errors.

    A proposal goes through the same guards, trials and decision as those of the built-in fixers. It is suggested, never
    applied by itself: nobody has measured how often it is right. Errors raised here, and answers of another kind, are
    reported as one warning and change nothing.

    Args:
        failure: what was captured, redacted: type, message, phase, chain of exceptions with their facts and frames.
        root: the root directory; paths of a proposal are relative to it.

    Returns:
        proposals, best first; None or nothing when the plugin does not know the error.
    """


@pytest.hookspec(firstresult=True)
def pytest_selfheal_ai(prompt: Prompt) -> Reply | str | None:
    """Ask a model of your own about a failure; called in the controller when `[tool.selfheal.ai] provider = "hook"`.

    Called within the run's budget, through time limit, breaker and backoff; what it raises counts as a failed request.
    The answer is only ever a suggestion, validated like one of any model.

    Args:
        prompt: `system` and `user` text, without secrets; everything foreign is fenced as data.

    Returns:
        the model's text, or a `Reply` that also tells the tokens used; None leaves it to the next implementation.
    """
