import pytest
import requests

from shop import client


def test_429(server):
    client.items(server, "retry429")


def test_429_elsewhere(server):
    assert client.items(server, "retry429", timeout=1) == []


def test_429_by_hand(server):
    requests.get(f"{server}/s429", timeout=2).raise_for_status()


def test_403_rate_limit(server):
    requests.post(f"{server}/throttled403", timeout=2).raise_for_status()


def test_500(server):
    client.items(server, "s500")


def test_502(server):
    client.items(server, "s502")


def test_503(server):
    client.items(server, "retry503")


def test_504(server):
    client.items(server, "s504")


def test_408(server):
    client.items(server, "s408")


def test_401(server):
    client.items(server, "s401")


def test_403(server):
    client.items(server, "s403")


def test_404(server):
    client.items(server, "s404")


def test_400(server):
    client.items(server, "s400")


def test_422(server):
    client.items(server, "s422")


def test_501(server):
    client.items(server, "s501")


def test_read_timeout(server):
    client.items(server, "slow", timeout=0.2)


def test_read_timeout_of_post(server):
    requests.post(f"{server}/slow", json={}, timeout=0.2)


def test_refused(nobody):
    client.items(f"http://127.0.0.1:{nobody}", "ok")


def test_reset(server):
    requests.get(f"{server}/reset", timeout=2)


def test_hang_up(server):
    requests.get(f"{server}/hangup", timeout=2)


def test_half_body(server):
    client.items(server, "halfway")


def test_half_chunk(server):
    requests.get(f"{server}/halfchunk", timeout=2)


def test_bad_json(server):
    requests.get(f"{server}/badjson", timeout=2).json()


def test_truncated_json(server):
    requests.get(f"{server}/truncated", timeout=2).json()


def test_html(server):
    requests.get(f"{server}/html", timeout=2).json()


def test_empty_body(server):
    requests.get(f"{server}/nothing", timeout=2).json()


def test_missing_key(server):
    client.items(server, "s200")


def test_bad_gzip(server):
    requests.get(f"{server}/badgzip", timeout=2)


def test_redirects(server):
    requests.get(f"{server}/loop", timeout=2)


def test_no_scheme():
    requests.get("localhost/items", timeout=2)


def test_bad_url():
    requests.get("http://", timeout=2)


def test_bad_scheme():
    requests.get("htp://localhost/", timeout=2)


def test_bad_header(server):
    requests.get(f"{server}/ok", headers={"x": "a\nb"}, timeout=2)


def test_tls_to_plain(server):
    requests.get(server.replace("http:", "https:") + "/ok", timeout=2)


def test_proxy_down(nobody):
    requests.get("http://localhost/", proxies={"http": f"http://127.0.0.1:{nobody}"}, timeout=2)


def test_bundle_missing():
    requests.get("https://localhost/", verify="/nonexistent/ca.pem", timeout=2)


def test_status_asserted(server):
    answer = requests.get(f"{server}/s503", timeout=2)
    assert answer.status_code == 200


def test_ok_asserted(server):
    answer = requests.get(f"{server}/retry429", timeout=2)
    assert answer.ok, answer.text


def test_wrong_call(server):
    requests.get(f"{server}/ok", timeouts=2)


@pytest.fixture
def loaded(server):
    return client.items(server, "s500")


def test_in_setup(loaded):
    pass
