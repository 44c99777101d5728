"""`guard` on real fixtures in real runs: scopes, outcomes, workers."""

from __future__ import annotations

import re

SCOPES = """
import json
import os
import openai
import pytest
from pytest_selfheal import Pace, guard

guarded = guard(breaker="model", retries=3, timeout=30, parse=json.loads, pace=Pace(base_s=0, cap_s=0))
MESSAGES = [{"role": "user", "content": "Where?"}]

def client(kind):
    return kind(base_url=os.environ["MODEL_URL"] + "/v1", api_key="none", max_retries=0)

def text(answer):
    return answer.choices[0].message.content

@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="session")
@guarded
def of_session():
    with client(openai.OpenAI) as model:
        yield text(model.chat.completions.create(model="m", messages=MESSAGES))

@pytest.fixture(scope="module")
@guarded
def of_module(of_session):
    with client(openai.OpenAI) as model:
        return text(model.chat.completions.create(model="m", messages=MESSAGES))

@pytest.fixture
@guarded
async def of_function(of_module):
    async with client(openai.AsyncOpenAI) as model:
        return text(await model.chat.completions.create(model="m", messages=MESSAGES))

@pytest.fixture(scope="session")
@guarded
async def async_of_session():
    async with client(openai.AsyncOpenAI) as model:
        yield text(await model.chat.completions.create(model="m", messages=MESSAGES))
        print("closed")
"""

OUTAGE = """
import pytest
from pytest_selfheal import Pace, guard

def fixture(on_open):
    @pytest.fixture(name=on_open)
    @guard(breaker=on_open, retries=1, timeout=30, pace=Pace(base_s=0, cap_s=0), on_open=on_open)
    def answer():
        import openai
        import os

        with openai.OpenAI(base_url=os.environ["MODEL_URL"] + "/v1", api_key="none", max_retries=0) as model:
            messages = [{"role": "user", "content": "Where?"}]
            return model.chat.completions.create(model="m", messages=messages).choices[0].message.content

    return answer

failing, skipping, expecting = map(fixture, ["fail", "skip", "xfail"])
"""


def _counts(done):
    return {
        word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed)", done.stdout)
    }


def test_fixtures_of_every_scope_and_kind_pass_through_trouble(pytester, run, model_server):
    """Each of the four meets another trouble at its first call, and none of the tests notices."""
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.makeconftest(SCOPES)
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.anyio

        async def test_one(of_session, of_module, of_function, async_of_session):
            assert of_session == of_module == of_function == async_of_session == {"city": "Lisbon", "days": 3}

        def test_two(of_session, of_module):
            assert of_module["days"] == 3
    """)
    model_server.plan = [(503, {}), "ok", "half-closed", "ok", (429, {}), "ok", "truncated", "ok"]
    done = run("-q", env={"MODEL_URL": model_server.url})
    assert _counts(done) == {"passed": 2}, done.stdout
    assert model_server.calls == 8


def test_while_the_breaker_is_open_the_outcome_is_the_chosen_one(pytester, run, model_server):
    """The tests that opened it have their own error; the others say why they did not run, and none passes."""
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.makeconftest(OUTAGE)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("n", range(8))
        @pytest.mark.parametrize("on_open", ["fail", "skip", "xfail"])
        def test_it(request, on_open, n):
            request.getfixturevalue(on_open)
    """)
    model_server.after = (503, {})
    done = run("-q", "-rA", env={"MODEL_URL": model_server.url})
    # Three tests make five calls; of eight per breaker five are refused.
    assert _counts(done) == {"failed": 8 + 3 + 3, "skipped": 5, "xfailed": 5}, done.stdout
    assert model_server.calls == 3 * 5
    for name in ("fail", "skip", "xfail"):
        assert f"circuit breaker '{name}': not called: it failed 5 times in a row" in done.stdout


def test_an_outage_costs_two_workers_little_more_than_one(pytester, run, model_server):
    """At most the threshold and one call under way per worker, although there are forty tests."""
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.makeconftest(OUTAGE)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("n", range(40))
        def test_it(fail, n):
            pass
    """)
    model_server.after = (503, {})
    done = run("-q", "-n2", env={"MODEL_URL": model_server.url})
    assert _counts(done) == {"errors": 40}, done.stdout
    assert 5 <= model_server.calls <= 5 + 2


def test_the_fixture_brings_the_settings_of_the_run(pytester, run):
    """Attempts and waits of [tool.selfheal], breakers in its store; other options as given."""
    (pytester.path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\n[tool.selfheal]\nattempts = 4\nstore = "kept"\n'
    )
    pytester.makepyfile("""
        import pytest

        def test_it(selfheal_guard):
            calls = []

            @selfheal_guard(breaker="model", parse=int)
            def ask():
                calls.append(1)
                raise ConnectionResetError

            with pytest.raises(ConnectionResetError):
                ask()
            assert len(calls) == 4
            assert selfheal_guard(lambda: "x")() == "x"
    """)
    done = run("-q")
    assert _counts(done) == {"passed": 1}, done.stdout
    assert len(list((pytester.path / "kept" / "breakers").glob("model-*.json"))) == 1


def test_who_does_not_use_it_does_not_pay(pytester, run):
    """A run without guards loads nothing of the toolkit and makes no folder."""
    pytester.makepyfile("""
        import sys

        def test_it():
            assert not [name for name in sys.modules if "selfheal.resilience" in name or "selfheal.toolkit" in name]
            assert "tenacity" not in sys.modules
    """)
    assert _counts(run("-q")) == {"passed": 1}
    assert not (pytester.path / ".selfheal").exists()


def test_time_limits_and_pytest_timeout_keep_apart(pytester, run):
    """Whichever comes first ends the test with its own error; ours leaves theirs ticking."""
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.makepyfile("""
        import time
        import pytest
        from pytest_selfheal import TimeLimitError, guard

        @pytest.fixture
        @guard(timeout=0.1, retries=0)
        def short():
            time.sleep(20)

        @pytest.fixture
        @guard(timeout=20, retries=0)
        def long():
            time.sleep(20)

        def test_ours(short):
            pass

        def test_theirs(long):
            pass

        def test_theirs_after_ours():
            with pytest.raises(TimeLimitError):
                guard(timeout=0.1, retries=0)(time.sleep)(20)
            time.sleep(20)
    """)
    done = run("-q", "--timeout=1", env={"COLUMNS": "200"})
    assert re.findall(r"^(?:ERROR|FAILED) \S+::(\w+) - (.{12})", done.stdout, re.MULTILINE) == [
        ("test_theirs_after_ours", "Failed: Time"),
        ("test_ours", "pytest_selfh"),
        ("test_theirs", "Failed: Time"),
    ], done.stdout
