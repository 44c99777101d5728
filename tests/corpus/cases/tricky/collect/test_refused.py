import socket

import loopback

CONNECTION = socket.create_connection(("127.0.0.1", loopback.refused_port()), timeout=1)


def test_a():
    pass
