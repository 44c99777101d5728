import pymongo
import pymongo.errors
import pytest
import redis
import redis.exceptions


def mongo(port):
    options = {"serverSelectionTimeoutMS": 150, "connectTimeoutMS": 100}
    return pymongo.MongoClient("127.0.0.1", port, **options)


def test_redis_refused(nobody):
    redis.Redis("127.0.0.1", nobody, retry=None).ping()


def test_redis_slow():
    raise redis.exceptions.TimeoutError("Timeout reading from socket")


def test_redis_closed():
    raise redis.exceptions.ConnectionError("Connection closed by server.")


def test_redis_password():
    raise redis.exceptions.AuthenticationError("WRONGPASS invalid username-password pair or user is disabled.")


def test_redis_no_auth():
    raise redis.exceptions.AuthenticationError("NOAUTH Authentication required.")


def test_redis_acl():
    raise redis.exceptions.NoPermissionError("NOPERM this user has no permissions to run the 'flushall' command")


def test_redis_memory():
    raise redis.exceptions.OutOfMemoryError("OOM command not allowed when used memory > 'maxmemory'.")


def test_redis_loading():
    raise redis.exceptions.BusyLoadingError("LOADING Redis is loading the dataset in memory")


def test_redis_read_only():
    raise redis.exceptions.ReadOnlyError("READONLY You can't write against a read only replica.")


def test_redis_wrong_type():
    raise redis.exceptions.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")


def test_redis_data():
    redis.Redis("127.0.0.1", 1).connection_pool.get_encoder().encode({"a": 1})


def test_redis_watch():
    raise redis.exceptions.WatchError("Watched variable changed.")


def test_redis_lock():
    raise redis.exceptions.LockError("Unable to acquire lock within the time specified")


def test_mongo_refused(nobody):
    mongo(nobody).admin.command("ping")


def test_mongo_reconnect():
    raise pymongo.errors.AutoReconnect("127.0.0.1:27017: connection closed")


def test_mongo_network_timeout():
    raise pymongo.errors.NetworkTimeout("127.0.0.1:27017: timed out")


def test_mongo_not_primary():
    raise pymongo.errors.NotPrimaryError("not primary", {"ok": 0, "code": 10107})


def test_mongo_duplicate():
    raise pymongo.errors.DuplicateKeyError("E11000 duplicate key error collection: shop.items", 11000)


def test_mongo_login():
    raise pymongo.errors.OperationFailure("Authentication failed.", 18, {"codeName": "AuthenticationFailed"})


def test_mongo_not_allowed():
    raise pymongo.errors.OperationFailure("not authorized on admin to execute command", 13, {"codeName": "Unauthorized"})


def test_mongo_write_conflict():
    details = {"errorLabels": ["TransientTransactionError"], "codeName": "WriteConflict"}
    raise pymongo.errors.OperationFailure("WriteConflict error", 112, details)


def test_mongo_execution_timeout():
    raise pymongo.errors.ExecutionTimeout("operation exceeded time limit", 50)


def test_mongo_bad_operator():
    raise pymongo.errors.OperationFailure("unknown operator: $foo", 2, {"codeName": "BadValue"})


def test_mongo_uri():
    pymongo.MongoClient("mongo://localhost")


def test_mongo_argument():
    pymongo.MongoClient("127.0.0.1", "27017")


def test_bson():
    pymongo.MongoClient("127.0.0.1", 1, connect=False)
    import bson

    bson.encode({"a": object()})
