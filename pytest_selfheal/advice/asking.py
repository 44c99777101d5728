"""Asking within a budget, through our own guard: time limit, breaker, backoff, and an answer of the right shape.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.analysis.answer import Answer
from pytest_selfheal.analysis.answer import answer_of
from pytest_selfheal.analysis.answer import fits
from pytest_selfheal.analysis.tokens import tokens_in
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.model import Usage
from pytest_selfheal.resilience.effects import REAL
from pytest_selfheal.toolkit import ASKED_AGAIN
from pytest_selfheal.toolkit import examine
from pytest_selfheal.toolkit import guard

if TYPE_CHECKING:
    from pytest_selfheal.advice.services import Ask
    from pytest_selfheal.ai_settings import AiSettings
    from pytest_selfheal.model import Prompt
    from pytest_selfheal.model import Reply
    from pytest_selfheal.resilience.effects import Effects

FAILURES_THAT_OPEN = 3
"""So many failed requests in a row and the service is left alone: a run has few questions, an outage is long."""

_RETRIES = 1
_MILLION = 1_000_000


class BudgetSpentError(SelfHealError):
    """Another request would be more than the settings allow one run."""


class Asker:
    """Asks one service for one run, and counts.

    Args:
        settings: model, limits, prices.
        ask: sends one question.
        effects: clock, sleep, chance.
    """

    def __init__(self, settings: AiSettings, ask: Ask, effects: Effects = REAL) -> None:
        from pytest_selfheal.resilience.breaker import CircuitBreaker

        self._settings = settings
        self._ask = ask
        self._effects = effects
        self._breaker = CircuitBreaker(
            settings.service, threshold=FAILURES_THAT_OPEN, ignore=(BudgetSpentError,), clock=effects.clock
        )
        self._began: float | None = None
        self._calls = self._sent = self._received = 0
        self._busy_s = 0.0

    @property
    def usage(self) -> Usage:
        """What was spent so far."""
        settings = self._settings
        cost = (self._sent * settings.input_price + self._received * settings.output_price) / _MILLION
        return Usage(settings.service, self._calls, self._sent, self._received, self._busy_s, cost)

    @property
    def shut(self) -> str:
        """Why no further question can be asked just now, known before one is made; empty when one may be."""
        budget = self._settings.budget
        if self._calls >= budget.calls:
            return f"the budget of this run is spent: {self._calls} of {budget.calls} calls"
        if self._time_left() <= 0:
            return f"the budget of this run is spent: {budget.time_s:g} s"
        if self._breaker.state == "open":
            return f"it failed {FAILURES_THAT_OPEN} times in a row just before"
        return ""

    def answer(self, prompt: Prompt) -> Answer:
        """Return the answer to a question.

        Raises:
            BudgetSpentError: nothing was sent, or not once more.
            CircuitOpenError: nothing was sent, the service failed too often just before.
            Exception: what the last request or the reading of its answer ended with.
        """
        from pytest_selfheal.resilience.backoff import Pace

        began = self._effects.clock()
        if self._began is None:
            self._began = began
        left_s = self._time_left()
        asking = guard(
            breaker=self._breaker,
            retries=_RETRIES,
            timeout=max(0.1, min(self._settings.timeout_s, left_s)),
            parse=_read,
            on=_worth_another_try,
            pace=Pace(budget_s=max(0.0, left_s)),
            effects=self._effects,
        )(self._request)
        try:
            return answer_of(asking(prompt))
        finally:
            self._busy_s += self._effects.clock() - began

    def _time_left(self) -> float:
        spent = 0.0 if self._began is None else self._effects.clock() - self._began
        return self._settings.budget.time_s - spent

    def _request(self, prompt: Prompt) -> Reply:
        budget = self._settings.budget
        needed = tokens_in(prompt.system) + tokens_in(prompt.user)
        spent = self._sent + self._received
        if self._calls >= budget.calls or self._time_left() <= 0:
            raise BudgetSpentError(self.shut)
        if spent + needed + self._settings.answer_tokens > budget.tokens:
            raise BudgetSpentError(f"the budget of this run is spent: {spent} of {budget.tokens} tokens")
        self._calls += 1
        reply = None
        try:
            reply = self._ask(prompt)
        finally:
            # What a failed request cost is not known: the question counts as sent, rather too much than too little.
            self._sent += reply.input_tokens if reply is not None and reply.input_tokens else needed
        self._received += reply.output_tokens or tokens_in(reply.text)
        return reply


def _worth_another_try(error: Exception) -> bool:
    return not isinstance(error, BudgetSpentError) and examine(error)[1].category in ASKED_AGAIN


def _read(reply: Reply) -> Any:
    """Return the JSON value of a reply, which must be whole and read without guessing: its texts become code."""
    from pytest_selfheal.resilience.json_recovery.ladder import parse_json_detailed

    return parse_json_detailed(reply.text, expect=fits, finish_reason=reply.finish_reason).require()
