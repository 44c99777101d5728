"""The real clients of two model services against a server on this machine that misbehaves by schedule."""

from __future__ import annotations

import asyncio
import json
import warnings

import pytest

from pytest_selfheal import CircuitBreaker
from pytest_selfheal import CircuitOpenError
from pytest_selfheal import guard

CITY = {"city": "Lisbon", "days": 3}
KEY = "a-key-of-no-value"
CRUEL = [(429, {"retry-after": "7"}), (500, {}), (503, {}), (529, {}), "half-closed", "malformed"]


def _openai(url):
    import openai

    client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=30)

    def ask():
        answer = client.chat.completions.create(model="stand-in", messages=[{"role": "user", "content": "Where?"}])
        return answer.choices[0].message.content

    return client, ask


def _anthropic(url):
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0, timeout=30)

    def ask():
        messages = [{"role": "user", "content": "Where?"}]
        return client.messages.create(model="stand-in", max_tokens=64, messages=messages).content[0].text

    return client, ask


@pytest.fixture(params=[_openai, _anthropic], ids=["openai", "anthropic"])
def ask(request, model_server):
    """Ask the server through one of the clients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing the clients is not what is tested here
        client, ask = request.param(model_server.url)
    with client:
        yield ask


@pytest.mark.parametrize(
    "step", [*CRUEL, "truncated"], ids=lambda step: str(step[0] if isinstance(step, tuple) else step)
)
def test_one_bad_answer_costs_one_more_call(ask, model_server, world, step):
    """Whatever is wrong with the first, the second is good; the server was called twice."""
    model_server.plan = [step]
    assert guard(parse=json.loads, effects=world.effects)(ask)() == CITY
    assert (model_server.calls, len(world.waits)) == (2, 1)


@pytest.mark.parametrize(
    ("plan", "calls"), [(["fenced"], 1), (["truncated", "fenced"], 2)], ids=["fenced", "truncated"]
)
def test_prose_around_the_answer_costs_nothing(ask, model_server, world, plan, calls):
    """A fenced answer is read at once, one that was cut is asked for again, not taken by half."""
    model_server.plan = [*plan]
    assert guard(parse=dict, effects=world.effects)(ask)() == CITY
    assert model_server.calls == calls


def test_retry_after_is_honoured(ask, model_server, world):
    """The header of the 429 sets the lower limit of the wait."""
    model_server.plan = [(429, {"retry-after": "7"})]
    assert guard(parse=json.loads, effects=world.effects)(ask)() == CITY
    assert 7 <= world.waits[0] <= 8


def test_a_slow_answer_is_given_up_and_asked_for_again(ask, model_server, world):
    """The limit cuts through the client, which would otherwise wait for 30 s."""
    model_server.plan = ["slow"]
    assert guard(parse=json.loads, timeout=0.4, effects=world.effects)(ask)() == CITY
    assert model_server.calls == 2


def test_a_whole_bad_day_is_survived(ask, model_server, world):
    """One trouble after the other, and a breaker that opens only for five in a row."""
    model_server.plan = [*CRUEL[:4], "ok", *CRUEL[2:], "truncated"]
    breaker = CircuitBreaker("model", clock=world.clock)
    guarded = guard(parse=json.loads, retries=5, breaker=breaker, effects=world.effects)(ask)
    assert [guarded(), guarded()] == [CITY, CITY]
    assert (model_server.calls, breaker.state) == (11, "closed")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_asked_again(ask, model_server, world, status):
    """Waiting gives nobody a key."""
    model_server.after = (status, {})
    with pytest.raises(Exception, match=f"told to say {status}") as caught:
        guard(retries=5, effects=world.effects)(ask)()
    assert caught.value.status_code == status
    assert (model_server.calls, world.waits) == (1, [])


def test_an_exhausted_quota_is_not_asked_again(model_server, world):
    """It comes as a 429 with a code of its own, and waiting gives nobody money."""
    model_server.after = (429, {"retry-after": "1"}, "insufficient_quota")
    client, ask = _openai(model_server.url)
    with client, pytest.raises(Exception, match="told to say 429"):
        guard(retries=5, effects=world.effects)(ask)()
    assert (model_server.calls, world.waits) == (1, [])


def test_an_outage_costs_five_calls_and_one_probe_a_minute(ask, model_server, world):
    """Counted by the server, over ten guarded uses and two minutes."""
    model_server.after = (503, {})
    breaker = CircuitBreaker("model", clock=world.clock)
    guarded = guard(breaker=breaker, retries=2, parse=json.loads, effects=world.effects)(ask)

    def use(times):
        kinds = []
        for _ in range(times):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - its type is what is counted
                guarded()
            kinds.append(caught.type is CircuitOpenError)
        return kinds.count(True)

    assert (use(10), model_server.calls) == (8, 5)
    world.now += 60
    assert (use(10), model_server.calls) == (9, 6)
    world.now += 60
    model_server.after = "fenced"
    assert guard(breaker=breaker)(ask)().startswith("Here you are")
    assert (breaker.state, model_server.calls) == ("closed", 7)


def test_the_async_client_is_guarded_as_well(model_server, world):
    """Retries, limit and breaker around awaits."""
    import openai

    model_server.plan = [(429, {"retry-after": "7"}), "slow", "half-closed", "truncated"]

    @guard(retries=4, timeout=0.4, parse=json.loads, effects=world.effects)
    async def ask(client):
        messages = [{"role": "user", "content": "Where?"}]
        answer = await client.chat.completions.create(model="stand-in", messages=messages)
        return answer.choices[0].message.content

    async def main():
        async with openai.AsyncOpenAI(base_url=f"{model_server.url}/v1", api_key=KEY, max_retries=0) as client:
            return await ask(client)

    assert asyncio.run(main()) == CITY
    assert (model_server.calls, len(world.waits)) == (5, 4)
    assert 7 <= world.waits[0] <= 8
