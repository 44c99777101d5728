import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config


def failing(code, status=400, operation="GetItem"):
    answer = {"Error": {"Code": code, "Message": "see the code"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.exceptions.ClientError(answer, operation)


def client(name, address, **options):
    session = botocore.session.Session()
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.3, connect_timeout=0.3)
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return session.create_client(name, "eu-west-1", endpoint_url=address, config=config, **{**keys, **options})


def test_throttled():
    raise failing("ThrottlingException")


def test_throughput():
    raise failing("ProvisionedThroughputExceededException")


def test_slow_down():
    raise failing("SlowDown", 503, "PutObject")


def test_access_denied():
    raise failing("AccessDenied", 403, "PutObject")


def test_expired_token():
    raise failing("ExpiredToken", 400, "ListBuckets")


def test_invalid_key():
    raise failing("InvalidClientTokenId", 403)


def test_no_bucket():
    raise failing("NoSuchBucket", 404, "GetObject")


def test_no_key():
    raise failing("NoSuchKey", 404, "GetObject")


def test_condition():
    raise failing("ConditionalCheckFailedException")


def test_validation():
    raise failing("ValidationException")


def test_internal():
    raise failing("InternalServerError", 500)


def test_unavailable():
    raise failing("ServiceUnavailable", 503)


def test_request_timeout():
    raise failing("RequestTimeout", 400, "PutObject")


def test_resource_missing():
    raise failing("ResourceNotFoundException", 400)


def test_no_credentials():
    raise botocore.exceptions.NoCredentialsError()


def test_no_region():
    botocore.session.Session().create_client("dynamodb")


def test_no_profile():
    botocore.session.Session(profile="nobody").create_client("sqs", "eu-west-1")


def test_parameters(server):
    client("dynamodb", server).get_item(TableName="items")


def test_parameter_type(server):
    client("dynamodb", server).get_item(TableName=3)


def test_unknown_service():
    botocore.session.Session().create_client("dynamo", "eu-west-1")


def test_refused(nobody):
    client("dynamodb", f"http://127.0.0.1:{nobody}").list_tables()


def test_read_timeout(server):
    client("dynamodb", f"{server}/slow").list_tables()


def test_reset(server):
    client("dynamodb", f"{server}/reset").list_tables()


def test_real_503(server):
    client("dynamodb", f"{server}/s503").list_tables()


def test_waiter():
    raise botocore.exceptions.WaiterError("bucket_exists", "Max attempts exceeded", {})
