"""Asks a model about one failure, and tells what came of it; never raises, never runs anything, never writes.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_selfheal.advice.gathering import gather
from pytest_selfheal.analysis.echo import echoed
from pytest_selfheal.analysis.question import question
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.model import Advice
from pytest_selfheal.model import Category
from pytest_selfheal.model import Origin
from pytest_selfheal.model import stable_id
from pytest_selfheal.repair.rewriting import candidate_from
from pytest_selfheal.safety.escape import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.advice.asking import Asker
    from pytest_selfheal.ai_settings import AiSettings
    from pytest_selfheal.analysis.answer import Answer
    from pytest_selfheal.analysis.evidence import Evidence
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.safety.redact import Redactor
    from pytest_selfheal.store.protocol import Store

NOT_ASKED = frozenset(
    {
        Category.TRANSIENT,
        Category.RATE_LIMIT,
        Category.TIMEOUT,
        Category.MISSING_DEPENDENCY,
        Category.ENVIRONMENT,
        Category.CRASH,
    }
)
"""Trouble of the surroundings: no edit of the project's sources is the answer to it."""

_LONGEST_NOTE = 500


class Advisor:
    """Asks about the failures of one run.

    Args:
        settings: which model, and how large a question may be.
        asker: asks within the run's budget.
        project: returns the sources as they are now.
        store: tells what was asked and repaired before.
        redactor: takes the secrets out of everything that leaves this process.
    """

    def __init__(
        self, settings: AiSettings, asker: Asker, project: Callable[[], Project], store: Store, redactor: Redactor
    ) -> None:
        self._settings = settings
        self._asker = asker
        self._project = project
        self._store = store
        self._redactor = redactor

    def __call__(self, failure: Failure, record: FailureRecord, entry: ReviewEntry | None) -> Advice:
        """Return candidates for a failure, and what happened in a sentence each.

        A question that was answered in an earlier run is not asked again as long as the error, the sources shown and
        the model are the same: what was answered then stands in the queue.
        """
        if record.failure_category in NOT_ASKED:
            return Advice()
        try:
            return self._advise(failure, record, entry)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the failure is still told to a person
            return Advice(notes=(self._note(f"could not be asked: {_text(error)}"),))

    def _advise(self, failure: Failure, record: FailureRecord, entry: ReviewEntry | None) -> Advice:
        if self._asker.shut:  # a run with hundreds of errors has no time to make questions that nobody is asked
            return Advice(notes=(self._note(f"was not asked: {self._asker.shut}"),))
        project = self._project()
        evidence = gather(failure, record, project, self._store, self._redactor)
        prompt = question(evidence, self._settings.context_tokens)
        key = stable_id(prompt.key, self._settings.service)
        if key in self._answered:
            return self._again(entry)
        before = self._asker.usage
        try:
            answer = self._asker.answer(prompt)
        except Exception as error:  # noqa: BLE001 - of the client, the network or the answer: all are told alike
            sent = key if self._asker.usage.calls > before.calls else ""
            return Advice(notes=(self._note(f"gave no answer: {_text(error)}"),), key=sent)
        took_s = self._asker.usage.duration_s - before.duration_s
        note, candidates = self._draft(answer, evidence, project)
        return Advice(candidates, (note,), key=key, answered=True, duration_s=took_s)

    def _draft(self, answer: Answer, evidence: Evidence, project: Project) -> tuple[str, tuple[Candidate, ...]]:
        said = self._clean(answer.explanation)
        if not answer.rewrites:
            return self._note(f"knows no repair; it says: {said or 'nothing'}"), ()
        service = self._settings.service
        paths = ", ".join(dict.fromkeys(rewrite.path for rewrite in answer.rewrites))
        try:
            candidate = candidate_from(
                answer.rewrites,
                project,
                fixer=f"ai:{service}",
                title=self._clean(f"edit of {paths}, proposed by {service}")[:200],
                evidence=(*([f"the model says: {said}"] if said else []), *_warnings(answer, evidence)),
            )
        except SelfHealError as error:
            return self._note(f"proposed what cannot be done: {_text(error)}"), ()
        return self._note(f"proposed an edit of {paths}; it says: {said or 'nothing'}"), (candidate,)

    def _again(self, entry: ReviewEntry | None) -> Advice:
        if entry is not None and entry.status == "rejected":
            return Advice(notes=(self._note("was not asked again: a person rejected what was offered"),))
        kept = tuple(one for one in entry.candidates if one.origin is Origin.AI) if entry is not None else ()
        if kept:
            return Advice(kept, (self._note("was not asked again: its answer to this question is kept"),))
        return Advice(notes=(self._note("was not asked again: its answer to this question was no use"),))

    @cached_property
    def _answered(self) -> frozenset[str]:
        return frozenset(
            event.ref for event in self._store.events() if event.action == "analyse" and event.result == "ok"
        )

    def _note(self, text: str) -> str:
        return f"{self._settings.service} {self._clean(text)}"[:_LONGEST_NOTE]

    def _clean(self, text: str) -> str:
        return visible(self._redactor.clean(" ".join(text.split()), _LONGEST_NOTE))


def _warnings(answer: Answer, evidence: Evidence) -> tuple[str, ...]:
    failure = evidence.failure
    test = evidence.sources.get(failure.test_path or failure.nodeid.partition("::")[0], "")
    name = failure.nodeid.rpartition("::")[2].partition("[")[0]
    values = ", ".join(echoed(answer.rewrites, test, name))
    return (f"beware: the edit repeats values of the test ({values})",) if values else ()


def _text(error: Exception) -> str:
    if isinstance(error, SelfHealError):
        return f"{error.where}: {error.what}" if error.where else error.what
    return f"{type(error).__name__}: {error}"
