"""Whether a model is asked in this run, and which.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Advice
from pytest_selfheal.model import Reply
from pytest_selfheal.model import Trust
from pytest_selfheal.plugin.parts import RAISED

if TYPE_CHECKING:
    from pytest_selfheal.advice.asking import Asker
    from pytest_selfheal.advice.services import Ask
    from pytest_selfheal.advice.services import Service
    from pytest_selfheal.model import Prompt
    from pytest_selfheal.model import Usage
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.session import Advise


class Advising:
    """Builds what asks, when it is configured and the run is trusted; knows afterwards what was spent."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._asker: Asker | None = None
        self._service: Service | None = None

    @property
    def usage(self) -> Usage | None:
        """What was spent; None when nothing was sent."""
        usage = self._asker.usage if self._asker is not None else None
        return usage if usage is not None and usage.calls else None

    def close(self) -> None:
        """Close the connections to the service, if any were opened."""
        if self._service is not None:
            self._service.close()

    def advise(self) -> Advise | None:
        """Return what the session asks; None when no provider is set.

        In an untrusted run nothing leaves the machine, whatever the settings say: they came with the change.
        """
        settings = self._controller.policy.ai
        if settings.provider == "off":
            return None
        if self._controller.trust is Trust.UNTRUSTED:
            return self._only_told("the run is untrusted")
        try:
            return self._advisor()
        except SelfHealError as error:  # a colleague or a CI job without the key is no reason for a warning
            return self._only_told(error.what)

    def _only_told(self, why: str) -> Advise:
        told = Advice(notes=(f"{self._controller.policy.ai.service} was not asked: {why}",))
        return lambda _failure, _record, _entry: told

    def _advisor(self) -> Advise:
        from pytest_selfheal.advice.advisor import Advisor
        from pytest_selfheal.advice.asking import Asker
        from pytest_selfheal.repair.project import Project
        from pytest_selfheal.safety.redact import Redactor

        controller = self._controller
        settings = controller.policy.ai
        self._asker = Asker(settings, self._ask())
        return Advisor(
            settings,
            self._asker,
            lambda: Project(controller.config.rootpath, controller.policy.edit_roots),
            controller.store,
            Redactor(os.environ),
        )

    def _ask(self) -> Ask:
        settings = self._controller.policy.ai
        if settings.provider == "hook":
            return self._by_hook
        from pytest_selfheal.advice.services import Service

        self._service = Service(settings, os.environ)
        return self._service

    def _by_hook(self, prompt: Prompt) -> Reply:
        try:
            answer = self._controller.config.hook.pytest_selfheal_ai(prompt=prompt)
        except RAISED as error:
            if isinstance(error, Exception):
                raise
            raise UsageError(f"it raised {error!r}", where="pytest_selfheal_ai") from error
        if isinstance(answer, str):
            return Reply(answer)
        if not isinstance(answer, Reply):
            raise UsageError("no plugin answered", where="pytest_selfheal_ai")
        return answer
