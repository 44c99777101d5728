import prometheus_client_next


def count():
    return prometheus_client_next.Counter("a")
