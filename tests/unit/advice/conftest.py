"""A small project with a bug that no fixer knows, its failure, and what asks about it; all in this process."""

from __future__ import annotations

import subprocess
import time

import pytest
from packing_project import BOXES
from packing_project import KEY
from packing_project import TEST

from pytest_selfheal.advice.advisor import Advisor
from pytest_selfheal.advice.asking import Asker
from pytest_selfheal.advice.services import Service
from pytest_selfheal.ai_settings import AiBudget
from pytest_selfheal.ai_settings import AiSettings
from pytest_selfheal.config import Policy
from pytest_selfheal.decide import Context
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Observation
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Trust
from pytest_selfheal.repair.project import Project
from pytest_selfheal.repair.workshop import Bench
from pytest_selfheal.resilience.effects import Effects
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.session import RunEnd
from pytest_selfheal.store.memory import MemoryStore
from pytest_selfheal.story import Run


@pytest.fixture
def project_of(tmp_path):
    """Write files, with the usual ones, into a git repository or a plain folder; return its root."""

    def build(*, git=True, **files):
        root = tmp_path / "shop"
        usual = {"src/shop/__init__.py": "", "src/shop/packing.py": BOXES, "tests/test_packing.py": TEST}
        ini = {"pytest.ini": "[pytest]\npythonpath = src\n"}
        for name, text in {**ini, **usual, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        for command in (["init", "-q"], ["add", "-A"]) if git else ():
            subprocess.run(["git", *command], cwd=root, check=True)
        return root

    return build


@pytest.fixture
def failing_test():
    """Build the failure of the project's test; keywords replace single fields."""

    def build(**changes):
        frame = Frame("tests/test_packing.py", 6, "test_a_box_that_is_not_full_counts", "assert boxes(7, 3) == 3", True)
        error = "AssertionError"
        fields = {
            "nodeid": "tests/test_packing.py::test_a_box_that_is_not_full_counts",
            "phase": Phase.CALL,
            "error_type": error,
            "error_message": "assert 2 == 3",
            "chain": (ErrorLink(error, (error,), "assert 2 == 3", frames=(frame,)),),
            "test_path": "tests/test_packing.py",
        }
        return Failure(**{**fields, **changes})

    return build


class Asking:
    """An advisor with all its parts, for one provider of the loopback server; waits take no time."""

    def __init__(self, root, server, provider, **limits):
        self.waits = []
        base = f"{server.url}/v1" if provider == "openai" else server.url
        budget = AiBudget(**{key: value for key, value in limits.items() if key in ("calls", "time_s", "tokens")})
        self.settings = AiSettings(
            provider=provider, model="stand-in", base_url=base, api_key_env="PACKING_ACCESS", budget=budget
        )
        effects = Effects(sleep=self.waits.append, draw=lambda: 0.5)
        self.service = Service(self.settings, {"PACKING_ACCESS": KEY})
        self.asker = Asker(self.settings, self.service, effects)
        self.store = MemoryStore()
        self.advisor = Advisor(self.settings, self.asker, lambda: Project(root), self.store, Redactor({}))
        self.root = root

    def end_of_run(self, failure, diagnosis, run="run-1"):
        """Take one failure through the real end of a run; return the story with its entries of the queue."""
        policy = Policy()
        bench = Bench(self.root, policy, directory=self.root, child_args=(), monotonic=time.monotonic)
        end = RunEnd(
            Run(run, may_write=True),
            policy,
            Context(),
            store=self.store,
            workshop=bench,
            advise=self.advisor,
            now=lambda: "2026-11-25T10:00:00.000Z",
            tell=lambda _kind, _text: None,
        )
        observation = Observation(failure, diagnosis(category=Category.ASSERTION), Outcome.FAILED)
        end.repair([(observation, FailureRecord.of(observation, run, Trust.LOCAL))])
        self.store.commit(end.story.records)
        self.advisor.__dict__.pop("_answered", None)  # the next run has an advisor of its own
        return end.story


@pytest.fixture(params=["openai", "anthropic"])
def provider(request):
    """Both protocols, each through its own client."""
    return request.param


@pytest.fixture
def asking(project_of, model_server):
    """Build a project with files and what asks about it; `limits` are those of the budget."""

    def build(provider="openai", files=None, **limits):
        made.append(Asking(project_of(**(files or {})), model_server, provider, **limits))
        return made[-1]

    made = []
    yield build
    for one in made:
        one.service.close()


@pytest.fixture
def advice(asking, failing_test, failure_record, model_server):
    """Ask about the project's failure once; return the advice."""

    def ask(*steps, provider="openai", about=None, category=Category.ASSERTION, **limits):
        *model_server.plan, model_server.after = steps
        record = failure_record(failure_category=category)
        return asking(provider, **limits).advisor(about or failing_test(), record, None)

    return ask


@pytest.fixture
def ask_often(asking, failing_test, failure_record):
    """Ask so many times in one run; return what is told each time."""

    def ask(times, **limits):
        asked = asking(**limits)
        return [asked.advisor(failing_test(), failure_record(), None).notes[0] for _ in range(times)]

    return ask
