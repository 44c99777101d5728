"""Who may ask the live page for what."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OWN = {"Origin": "http://127.0.0.1:8765", "Cookie": "selfheal_8765=the-session", **FORM}
BODY = b"form_key=the-key&entry=v1:nothing&option=1"


@pytest.mark.parametrize(
    ("host", "bound", "status"),
    [
        ("127.0.0.1:8765", "127.0.0.1", 200),
        ("localhost", "127.0.0.1", 200),
        ("LOCALHOST.:8765", "127.0.0.1", 200),
        ("127.9.9.9", "127.0.0.1", 200),
        ("[::1]:8765", "::1", 200),
        ("rebound.example:8765", "127.0.0.1", 421),
        ("127.0.0.1.rebound.example", "127.0.0.1", 421),
        ("localhost.rebound.example", "127.0.0.1", 421),
        ("10.0.0.5:8765", "127.0.0.1", 421),
        ("", "127.0.0.1", 421),
        ("ours.example:8765", "127.0.0.1", 200),
        ("10.0.0.5:8765", "0.0.0.0", 200),
        ("rebound.example", "0.0.0.0", 421),
    ],
)
def test_only_known_host_names_are_answered(ask, new_site, host, bound, status):
    """A stranger's name that points here (DNS rebinding) gets nothing; addresses cannot be rebound."""
    site = new_site(host=bound, names=frozenset({"ours.example"}))
    assert ask(headers={"Host": host}, site=site).status == status


def test_two_host_headers_are_refused(ask):
    """Which of them counts would be somebody else's choice."""
    assert ask(headers=[("Host", "127.0.0.1"), ("Host", "rebound.example")]).status == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
    ],
    ids=["no browser", "typed", "own", "link from elsewhere", "frame", "script", "another port"],
)
def test_other_sites_may_link_here_and_nothing_else(ask, headers, status):
    """Another port of this machine is another program, so `same-site` is elsewhere too."""
    assert ask("/parts" if "cors" in headers.values() else "/", headers=headers).status == status


@pytest.mark.parametrize(
    ("changes", "body", "status"),
    [
        ({}, BODY, 200),
        ({"Origin": ""}, BODY, 403),
        ({"Origin": "null"}, BODY, 403),
        ({"Origin": "http://127.0.0.1:9999"}, BODY, 403),
        ({"Origin": "http://evil.example"}, BODY, 403),
        ({"Cookie": ""}, BODY, 403),
        ({"Cookie": "selfheal_8765=guessed"}, BODY, 403),
        ({"Cookie": "selfheal_9999=the-session"}, BODY, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, BODY, 403),
        ({}, b"entry=v1:nothing", 403),
        ({}, BODY.replace(b"the-key", b"the-kex"), 403),
        ({"Content-Type": "text/plain"}, BODY, 400),
        ({}, BODY + b"&more=" + b"x" * 9000, 400),
    ],
    ids=[
        *("own", "no origin", "hidden origin", "another port", "another site", "no cookie", "wrong cookie"),
        *("another port's cookie", "posted from elsewhere", "no key", "wrong key", "no form", "too large"),
    ],
)
def test_only_our_own_form_changes_anything(ask, changes, body, status):
    """Origin, cookie and form key must all be ours."""
    answer = ask("/review/accept", method="POST", headers={**OWN, **changes}, body=body)
    assert answer.status == status
    if status == 200:
        assert "decided already, or gone" in answer.body


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/review/accept", "GET", 405),
        ("/review/undo", "POST", 400),
        ("/assets/../app.py", "GET", 404),
        ("/assets/page.py", "GET", 404),
        ("/nothing", "GET", 404),
        ("/", "DELETE", 405),
    ],
)
def test_there_is_nothing_else_to_ask_for(ask, target, method, status):
    """No other verb, file or path."""
    assert ask(target, method=method, headers=OWN, body=BODY).status == status


@pytest.mark.parametrize("target", ["/", "/parts", "/report", "/assets/live.js", "/nothing"])
def test_every_answer_carries_the_policy(ask, target):
    """Nothing from elsewhere, no frame around it, nothing kept."""
    answer = ask(target)
    assert answer.header("content-security-policy").startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.header("content-security-policy")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("cache-control") == "no-store"
    assert "access-control-allow-origin" not in dict(answer.headers)


def test_the_cookie_is_for_this_server_alone(ask):
    """No script reads it, no other site sends it, no other port mistakes it for its own."""
    cookie = ask().header("set-cookie")
    assert cookie.startswith("selfheal_8765=the-session")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


@pytest.mark.parametrize(
    "target", ["/", "/parts", "/events", "/report", "/assets/report.css", "/?token=", "/?token=wrong"]
)
def test_without_the_token_nothing_is_shown(ask, new_site, target):
    """Not even a cookie."""
    answer = ask(target, site=new_site(token="right"))
    assert answer.status == 401
    assert "set-cookie" not in dict(answer.headers)


def test_the_token_is_asked_for_once(ask, new_site):
    """It is taken out of the address and replaced by the cookie; one for another port does not do."""
    site = new_site(token="right")
    first = ask("/?token=right", site=site)
    assert (first.status, first.header("location")) == (303, "/")
    assert ask(headers={"Cookie": first.header("set-cookie").partition(";")[0]}, site=site).status == 200
    assert ask(headers={"Cookie": "selfheal_8766=the-session"}, site=site).status == 401


@pytest.mark.parametrize("path", ["//evil.example", "////evil.example", "/\\evil.example", "/\\/evil.example"])
def test_a_way_in_cannot_lead_elsewhere(ask, new_site, path):
    """`//evil.example` as a path would be another site in a Location header."""
    answer = ask(f"{path}?token=right", site=new_site(token="right"))
    assert answer.header("location") == "/evil.example"


@pytest.mark.parametrize("entry", ["-h", "--help", "--root=/", "v1:decided"])
def test_an_id_is_never_an_option_of_the_command(ask, review, entry):
    """An id of the store is an id, whatever it looks like; what the command says is passed on."""
    review(entry)
    body = urlencode({"form_key": "the-key", "entry": entry}).encode()
    answer = ask("/review/reject", method="POST", headers={**OWN, "Accept": "application/json"}, body=body)
    assert json.loads(answer.body) == {"ok": True, "text": f"rejected: {entry}"}
