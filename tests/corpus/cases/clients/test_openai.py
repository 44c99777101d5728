import httpx
import openai
import pytest


def ask(server, how, **options):
    client = openai.OpenAI(api_key="no key", base_url=f"{server}/{how}", max_retries=0, timeout=options.pop("timeout", 2))
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}], **options)


def test_rate_limit(server):
    ask(server, "retry429")


def test_quota(server):
    ask(server, "quota")


def test_500(server):
    ask(server, "s500")


def test_overloaded(server):
    ask(server, "s503")


def test_wrong_key(server):
    ask(server, "s401")


def test_forbidden(server):
    ask(server, "s403")


def test_unknown_model(server):
    ask(server, "s404")


def test_bad_request(server):
    ask(server, "s400")


def test_unprocessable(server):
    ask(server, "s422")


def test_slow(server):
    ask(server, "slow", timeout=0.2)


def test_refused(nobody):
    ask(f"http://127.0.0.1:{nobody}", "v1")


def test_reset(server):
    ask(server, "reset")


def test_bad_json(server):
    ask(server, "badjson")


def test_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    openai.OpenAI()


def test_missing_argument(server):
    ask(server, "ok", tempreature=1)


def test_text_of_none():
    reply = openai.types.chat.ChatCompletionMessage(role="assistant", content=None)
    reply.content.strip()


def test_cut_answer():
    completion = openai.types.chat.ChatCompletion.construct(id="1", choices=[])
    raise openai.LengthFinishReasonError(completion=completion)
