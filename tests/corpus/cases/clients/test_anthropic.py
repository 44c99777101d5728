import anthropic
import httpx


def ask(server, how, timeout=2, **options):
    client = anthropic.Anthropic(api_key="no key", base_url=f"{server}/{how}", max_retries=0, timeout=timeout)
    return client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "hello"}], **options)


def test_rate_limit(server):
    ask(server, "retry429")


def test_overloaded(server):
    ask(server, "s529")


def test_500(server):
    ask(server, "s500")


def test_wrong_key(server):
    ask(server, "s401")


def test_forbidden(server):
    ask(server, "s403")


def test_bad_request(server):
    ask(server, "s400")


def test_unknown_model(server):
    ask(server, "s404")


def test_slow(server):
    ask(server, "slow", timeout=0.2)


def test_refused(nobody):
    ask(f"http://127.0.0.1:{nobody}", "v1")


def test_missing_argument(server):
    ask(server, "ok", temprature=1)


def test_raised_by_hand():
    answer = httpx.Response(429, request=httpx.Request("POST", "http://localhost"))
    raise anthropic.RateLimitError("Number of request tokens has exceeded your per-minute limit", response=answer, body={})
