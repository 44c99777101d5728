"""A server on the loopback address that misbehaves as asked: the first part of the path says how."""

import contextlib
import json
import socket
import struct
import threading
import time

BODIES = {
    "insufficient_quota": {
        "error": {
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "type": "insufficient_quota",
            "param": None,
            "code": "insufficient_quota",
        }
    },
    "rate_limited": {
        "error": {
            "message": "Rate limit reached for requests per min. Please try again in 1s.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    },
}
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
REASONS |= {408: "Request Timeout", 409: "Conflict", 422: "Unprocessable Entity", 425: "Too Early"}
REASONS |= {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
REASONS |= {504: "Gateway Timeout", 507: "Insufficient Storage", 529: "Overloaded"}


def answer(status, body, kind="application/json", headers=(), length=None):
    """Return the bytes of one HTTP answer."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}", f"Content-Type: {kind}", "Connection: close"]
    lines += [f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reset(connection):
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reply(connection, how):
    """Misbehave in the way `how` names."""
    if how.startswith("s") and how[1:].isdigit():
        text = {"error": {"message": f"answered {how[1:]}", "type": "error", "code": None}}
        connection.sendall(answer(int(how[1:]), json.dumps(text), headers=["x-should-retry: false"]))
    elif how == "retry429":
        connection.sendall(answer(429, json.dumps(BODIES["rate_limited"]), headers=["Retry-After: 1"]))
    elif how == "retry503":
        connection.sendall(answer(503, "{}", headers=["Retry-After: 1"]))
    elif how == "quota":
        connection.sendall(answer(429, json.dumps(BODIES["insufficient_quota"])))
    elif how == "throttled403":
        body = {"message": "API rate limit exceeded for 127.0.0.1.", "documentation_url": "http://localhost/limits"}
        connection.sendall(answer(403, json.dumps(body), headers=["x-ratelimit-remaining: 0", "Retry-After: 1"]))
    elif how == "slow":
        time.sleep(1.2)
    elif how == "halfway":
        connection.sendall(answer(200, '{"items": [1, 2', length=4000))
    elif how == "halfway-reset":
        connection.sendall(answer(200, '{"items": [1, 2', length=4000))
        time.sleep(0.05)
        reset(connection)
    elif how == "reset":
        reset(connection)
    elif how == "hangup":
        pass
    elif how == "badjson":
        connection.sendall(answer(200, '{"items": [1, 2,, }'))
    elif how == "truncated":
        connection.sendall(answer(200, '{"items": [1, 2'))
    elif how == "html":
        connection.sendall(answer(200, "<html><body>Welcome</body></html>", "text/html"))
    elif how == "nothing":
        connection.sendall(answer(200, ""))
    elif how == "ok":
        connection.sendall(answer(200, '{"items": []}'))
    elif how == "garbage":
        connection.sendall(b"\x00\x01\x02 this is not http\r\n\r\n")
    elif how == "loop":
        connection.sendall(answer(302, "", headers=["Location: /loop"]))
    elif how == "badgzip":
        connection.sendall(answer(200, b"not gzip at all", headers=["Content-Encoding: gzip"]))
    elif how == "badchunk":
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")
    elif how == "halfchunk":
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhello")


def serve(connection):
    """Answer one connection and close it."""
    with contextlib.suppress(OSError), connection:
        connection.settimeout(3)
        request = connection.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        wanted = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                wanted = int(line.split(b":")[1])
        while len(body) < wanted:
            body += connection.recv(65536)
        path = head.split(b" ")[1].decode() if head.count(b" ") > 1 else "/hangup"
        reply(connection, path.strip("/").split("/")[0].split("?")[0])


def start():
    """Return the address of a running server."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def refused_port():
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
