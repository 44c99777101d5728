import http.client
import json
import urllib.request

import urllib3


def pool(**options):
    return urllib3.PoolManager(retries=urllib3.Retry(0, **options))


def test_urlopen_429(server):
    urllib.request.urlopen(f"{server}/retry429", timeout=2)


def test_urlopen_503(server):
    urllib.request.urlopen(f"{server}/s503", timeout=2)


def test_urlopen_401(server):
    urllib.request.urlopen(f"{server}/s401", timeout=2)


def test_urlopen_404(server):
    urllib.request.urlopen(f"{server}/s404", timeout=2)


def test_urlopen_timeout(server):
    urllib.request.urlopen(f"{server}/slow", timeout=0.2)


def test_urlopen_refused(nobody):
    urllib.request.urlopen(f"http://127.0.0.1:{nobody}/", timeout=2)


def test_urlopen_reset(server):
    urllib.request.urlopen(f"{server}/reset", timeout=2)


def test_urlopen_hang_up(server):
    urllib.request.urlopen(f"{server}/hangup", timeout=2)


def test_urlopen_half(server):
    urllib.request.urlopen(f"{server}/halfway", timeout=2).read()


def test_urlopen_json(server):
    json.load(urllib.request.urlopen(f"{server}/html", timeout=2))


def test_urlopen_no_scheme():
    urllib.request.urlopen("localhost/items")


def test_urlopen_tls(server):
    urllib.request.urlopen(server.replace("http:", "https:"), timeout=2)


def test_http_client_garbage(server):
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=2)
    connection.request("GET", "/garbage")
    connection.getresponse()


def test_http_client_state(server):
    http.client.HTTPConnection(server.removeprefix("http://"), timeout=2).getresponse()


def test_urllib3_timeout(server):
    pool().request("GET", f"{server}/slow", timeout=0.2)


def test_urllib3_refused(nobody):
    pool().request("GET", f"http://127.0.0.1:{nobody}/")


def test_urllib3_reset(server):
    pool().request("GET", f"{server}/reset")


def test_urllib3_half(server):
    pool().request("GET", f"{server}/halfway")


def test_urllib3_too_many_503(server):
    pool(status_forcelist=[503]).request("GET", f"{server}/s503")


def test_urllib3_too_many_429(server):
    pool(status_forcelist=[429]).request("GET", f"{server}/s429")


def test_urllib3_chunks(server):
    pool().request("GET", f"{server}/badchunk")


def test_urllib3_url():
    pool().request("GET", "http://[::1")
