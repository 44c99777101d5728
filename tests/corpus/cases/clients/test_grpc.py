from concurrent import futures

import grpc
import pytest

CODES = {
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "denied": grpc.StatusCode.PERMISSION_DENIED,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "missing": grpc.StatusCode.NOT_FOUND,
    "aborted": grpc.StatusCode.ABORTED,
    "precondition": grpc.StatusCode.FAILED_PRECONDITION,
    "deadline": grpc.StatusCode.DEADLINE_EXCEEDED,
    "internal": grpc.StatusCode.INTERNAL,
}


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        if name not in CODES:
            return None

        def run(request, context):
            context.abort(CODES[name], f"answered {name}")

        return grpc.unary_unary_rpc_method_handler(run)


@pytest.fixture(scope="module")
def channel():
    grpc_server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    grpc_server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as made:
        yield made
    grpc_server.stop(0)


def test_unavailable(channel):
    channel.unary_unary("/shop.Items/unavailable")(b"")


def test_exhausted(channel):
    channel.unary_unary("/shop.Items/exhausted")(b"")


def test_denied(channel):
    channel.unary_unary("/shop.Items/denied")(b"")


def test_unauthenticated(channel):
    channel.unary_unary("/shop.Items/unauthenticated")(b"")


def test_invalid(channel):
    channel.unary_unary("/shop.Items/invalid")(b"")


def test_missing(channel):
    channel.unary_unary("/shop.Items/missing")(b"")


def test_aborted(channel):
    channel.unary_unary("/shop.Items/aborted")(b"")


def test_precondition(channel):
    channel.unary_unary("/shop.Items/precondition")(b"")


def test_deadline(channel):
    channel.unary_unary("/shop.Items/deadline")(b"")


def test_internal(channel):
    channel.unary_unary("/shop.Items/internal")(b"")


def test_unimplemented(channel):
    channel.unary_unary("/shop.Items/nothing")(b"")


def test_refused(nobody):
    with grpc.insecure_channel(f"127.0.0.1:{nobody}") as channel:
        channel.unary_unary("/shop.Items/any")(b"", timeout=2)


def test_not_ready(nobody):
    with grpc.insecure_channel(f"127.0.0.1:{nobody}") as channel:
        grpc.channel_ready_future(channel).result(timeout=0.2)


def test_closed(nobody):
    channel = grpc.insecure_channel(f"127.0.0.1:{nobody}")
    channel.close()
    channel.unary_unary("/shop.Items/any")(b"")
