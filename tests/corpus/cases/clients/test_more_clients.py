import anthropic
import botocore.exceptions
import grpc
import httpx
import openai
import pymongo
import pymongo.errors
import pytest
import redis.exceptions


def answer(status, body=None):
    return httpx.Response(status, json=body or {}, request=httpx.Request("POST", "http://localhost/v1"))


def rpc(code, details=""):
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)


def aws(code, message="", status=400):
    reply = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.exceptions.ClientError(reply, "PutItem")


def test_openai_limit_raised():
    raise openai.RateLimitError("Rate limit reached", response=answer(429), body={"code": "rate_limit_exceeded"})


def test_openai_quota_raised():
    body = {"code": "insufficient_quota", "type": "insufficient_quota", "message": "You exceeded your current quota"}
    raise openai.RateLimitError("You exceeded your current quota", response=answer(429), body=body)


def test_openai_conflict():
    raise openai.ConflictError("conflict", response=answer(409), body=None)


def test_openai_validation():
    raise openai.APIResponseValidationError(response=answer(200), body={})


def test_openai_content_filter():
    raise openai.ContentFilterFinishReasonError


def test_openai_too_long():
    body = {"code": "context_length_exceeded", "message": "maximum context length is 8192 tokens"}
    raise openai.BadRequestError("maximum context length is 8192 tokens", response=answer(400), body=body)


def test_anthropic_too_large():
    raise anthropic.APIStatusError("request too large", response=answer(413), body={})


def test_anthropic_credit():
    body = {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}
    raise anthropic.BadRequestError("Your credit balance is too low to access the API", response=answer(400), body=body)


def test_anthropic_connection():
    raise anthropic.APIConnectionError(request=httpx.Request("POST", "http://localhost"))


def test_anthropic_no_key(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    raise anthropic.AnthropicError("The api_key client option must be set by setting the ANTHROPIC_API_KEY environment variable")


def test_aws_connect_timeout():
    raise botocore.exceptions.ConnectTimeoutError(endpoint_url="http://localhost")


def test_aws_connection_closed():
    raise botocore.exceptions.ConnectionClosedError(endpoint_url="http://localhost")


def test_aws_sso():
    raise botocore.exceptions.UnauthorizedSSOTokenError


def test_aws_partial_credentials():
    raise botocore.exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")


def test_aws_too_many_requests():
    raise aws("TooManyRequestsException", "Rate exceeded", 429)


def test_aws_request_limit():
    raise aws("RequestLimitExceeded", "Request limit exceeded.", 503)


def test_aws_limit_exceeded():
    raise aws("LimitExceededException", "Subscriber limit exceeded")


def test_aws_signature():
    raise aws("SignatureDoesNotMatch", "check your key", 403)


def test_aws_transaction():
    raise aws("TransactionConflictException", "Transaction is ongoing for the item")


def test_aws_bucket_conflict():
    raise aws("OperationAborted", "A conflicting conditional operation is currently in progress", 409)


def test_aws_incomplete_read():
    raise botocore.exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2)


def test_grpc_async_unavailable():
    raise rpc(grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses")


def test_grpc_async_deadline():
    raise rpc(grpc.StatusCode.DEADLINE_EXCEEDED)


def test_grpc_async_exists():
    raise rpc(grpc.StatusCode.ALREADY_EXISTS)


def test_grpc_async_range():
    raise rpc(grpc.StatusCode.OUT_OF_RANGE)


def test_grpc_async_unknown():
    raise rpc(grpc.StatusCode.UNKNOWN, "Exception calling application: 'price'")


def test_grpc_async_data_loss():
    raise rpc(grpc.StatusCode.DATA_LOSS)


def test_grpc_message_size():
    raise rpc(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (5000000 vs. 4194304)")


def test_mongo_bulk():
    raise pymongo.errors.BulkWriteError({"writeErrors": [{"code": 11000, "errmsg": "E11000 duplicate key"}]})


def test_mongo_configuration():
    raise pymongo.errors.ConfigurationError("The DNS query name does not exist: _mongodb._tcp.shop")


def test_mongo_closed():
    raise pymongo.errors.InvalidOperation("Cannot use MongoClient after close")


def test_mongo_wait_queue():
    raise pymongo.errors.WaitQueueTimeoutError("Timeout waiting for connection from the connection pool")


def test_mongo_cursor():
    raise pymongo.errors.CursorNotFound("cursor id 1 not found", 43)


def test_mongo_document():
    raise pymongo.errors.WriteError("Document failed validation", 121)


def test_mongo_label():
    error = pymongo.errors.OperationFailure("node is recovering", 11600)
    error._add_error_label("RetryableWriteError")
    raise error


def test_redis_cluster_down():
    raise redis.exceptions.ClusterDownError("CLUSTERDOWN The cluster is down")


def test_redis_try_again():
    raise redis.exceptions.TryAgainError("TRYAGAIN Multiple keys request during rehashing of slot")


def test_redis_max_clients():
    raise redis.exceptions.MaxConnectionsError("Too many connections")


def test_redis_no_script():
    raise redis.exceptions.NoScriptError("NOSCRIPT No matching script. Please use EVAL.")


def test_redis_username():
    raise redis.exceptions.AuthenticationWrongNumberOfArgsError("wrong number of arguments for 'auth' command")


def test_redis_unknown_command():
    raise redis.exceptions.ResponseError("unknown command 'JSON.GET', with args beginning with:")


def test_redis_url():
    redis.Redis.from_url("http://localhost:6379")
