"""Class rules for libraries, by name only: nothing here is imported, so an absent library costs nothing.

A class listed for its own sake comes before its base, because the most specific class decides; that is what keeps
authentication errors out of "connection error" and timeouts out of "request failed".

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.classify.rules import BASE
from pytest_selfheal.classify.rules import EXACT
from pytest_selfheal.classify.rules import UNSURE
from pytest_selfheal.classify.table_builtin import Table
from pytest_selfheal.classify.table_builtin import rows
from pytest_selfheal.classify.table_builtin import worded
from pytest_selfheal.model import Category
from pytest_selfheal.model import Severity

_T, _R, _O, _E, _P, _U = (
    Category.TRANSIENT,
    Category.RATE_LIMIT,
    Category.TIMEOUT,
    Category.ENVIRONMENT,
    Category.PARSE,
    Category.UNKNOWN,
)

_CERTIFICATE = r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|WRONG_VERSION_NUMBER"
# What urllib3 gave up on stands only in the words of its last error.
_RETRIED = (
    (r"too many 429 error responses", _R, EXACT),
    (r"Caused by (?:Read|Connect)Timeout(?:Error)?\b", _O, EXACT),
)

_HTTP: Table = {
    **rows(_T, EXACT, "requests.exceptions.ChunkedEncodingError"),
    **worded("requests.exceptions.RetryError", *_RETRIED, ("", _T, EXACT)),
    **worded("requests.exceptions.ConnectionError", (_CERTIFICATE, _E, EXACT), ("", _T, EXACT)),
    **rows(_O, EXACT, "requests.exceptions.Timeout requests.exceptions.ConnectTimeout requests.exceptions.ReadTimeout"),
    **rows(_E, BASE, "requests.exceptions.SSLError requests.exceptions.ProxyError"),
    **rows(_P, EXACT, "requests.exceptions.JSONDecodeError requests.exceptions.ContentDecodingError"),
    **rows(
        _U,
        UNSURE,
        "requests.exceptions.InvalidURL requests.exceptions.MissingSchema requests.exceptions.InvalidSchema "
        "requests.exceptions.TooManyRedirects requests.exceptions.HTTPError requests.exceptions.InvalidHeader",
    ),
    **worded("httpx.ConnectError", (_CERTIFICATE, _E, EXACT), ("", _T, EXACT)),
    **rows(
        _T,
        EXACT,
        "httpx.NetworkError httpx.ReadError httpx.WriteError httpx.CloseError httpx.RemoteProtocolError "
        "httpcore.NetworkError httpcore.ConnectError httpcore.ReadError httpcore.WriteError "
        "httpcore.RemoteProtocolError",
    ),
    **rows(
        _O,
        EXACT,
        "httpx.TimeoutException httpx.ConnectTimeout httpx.ReadTimeout httpx.WriteTimeout httpx.PoolTimeout "
        "httpcore.TimeoutException httpcore.ConnectTimeout httpcore.ReadTimeout httpcore.WriteTimeout "
        "httpcore.PoolTimeout",
    ),
    **rows(_E, BASE, "httpx.ProxyError httpcore.ProxyError"),
    **rows(_P, EXACT, "httpx.DecodingError"),
    **rows(
        _U,
        UNSURE,
        "httpx.HTTPStatusError httpx.TooManyRedirects httpx.UnsupportedProtocol httpx.LocalProtocolError "
        "httpx.InvalidURL "
        "httpx.StreamError httpx.CookieConflict",
    ),
    **rows(
        _T,
        EXACT,
        "aiohttp.client_exceptions.ClientConnectionError aiohttp.client_exceptions.ClientOSError "
        "aiohttp.client_exceptions.ClientConnectorError aiohttp.client_exceptions.ServerConnectionError "
        "aiohttp.client_exceptions.ServerDisconnectedError aiohttp.client_exceptions.ClientPayloadError "
        "aiohttp.client_exceptions.ClientConnectorDNSError aiohttp.client_exceptions.ClientConnectionResetError",
    ),
    **rows(
        _O,
        EXACT,
        "aiohttp.client_exceptions.ServerTimeoutError aiohttp.client_exceptions.ConnectionTimeoutError "
        "aiohttp.client_exceptions.SocketTimeoutError",
    ),
    **rows(
        _E,
        BASE,
        "aiohttp.client_exceptions.ClientSSLError aiohttp.client_exceptions.ClientConnectorSSLError "
        "aiohttp.client_exceptions.ClientConnectorCertificateError "
        "aiohttp.client_exceptions.ClientProxyConnectionError "
        "aiohttp.client_exceptions.ClientHttpProxyError aiohttp.client_exceptions.ServerFingerprintMismatch",
    ),
    **rows(_P, EXACT, "aiohttp.client_exceptions.ContentTypeError"),
    **rows(
        _U,
        UNSURE,
        "aiohttp.client_exceptions.ClientResponseError aiohttp.client_exceptions.InvalidURL "
        "aiohttp.client_exceptions.TooManyRedirects aiohttp.client_exceptions.WSServerHandshakeError",
    ),
    **rows(
        _T,
        EXACT,
        "urllib3.exceptions.NewConnectionError urllib3.exceptions.ProtocolError urllib3.exceptions.IncompleteRead "
        "urllib3.exceptions.NameResolutionError urllib3.exceptions.ResponseError",
    ),
    **worded("urllib3.exceptions.MaxRetryError", (_CERTIFICATE, _E, EXACT), *_RETRIED, ("", _T, EXACT)),
    **rows(
        _O,
        EXACT,
        "urllib3.exceptions.TimeoutError urllib3.exceptions.ReadTimeoutError urllib3.exceptions.ConnectTimeoutError",
    ),
    **rows(_E, BASE, "urllib3.exceptions.SSLError urllib3.exceptions.ProxyError"),
    **rows(_P, EXACT, "urllib3.exceptions.DecodeError"),
    **rows(_U, UNSURE, "urllib3.exceptions.LocationParseError urllib3.exceptions.LocationValueError"),
    **rows(
        _T,
        BASE,
        "websockets.ConnectionClosedError websockets.ConnectionClosed paramiko.ssh_exception.NoValidConnectionsError",
    ),
    **rows(_U, UNSURE, "websockets.ConnectionClosedOK"),
    **rows(_E, BASE, "paramiko.ssh_exception.AuthenticationException"),
    **worded("paramiko.ssh_exception.SSHException", (r"^Error reading SSH protocol banner", _T, BASE)),
}

_CLOUD: Table = {
    **rows(_R, EXACT, "openai.RateLimitError anthropic.RateLimitError"),
    **rows(_O, EXACT, "openai.APITimeoutError anthropic.APITimeoutError anthropic.DeadlineExceededError"),
    **rows(
        _T,
        EXACT,
        "openai.APIConnectionError anthropic.APIConnectionError openai.InternalServerError "
        "anthropic.InternalServerError "
        "anthropic.OverloadedError anthropic.ServiceUnavailableError",
    ),
    **rows(
        _E,
        EXACT,
        "openai.AuthenticationError openai.PermissionDeniedError anthropic.AuthenticationError "
        "anthropic.PermissionDeniedError",
    ),
    **rows(
        _U,
        UNSURE,
        "openai.BadRequestError openai.NotFoundError openai.UnprocessableEntityError openai.ConflictError "
        "anthropic.BadRequestError anthropic.NotFoundError anthropic.UnprocessableEntityError anthropic.ConflictError",
    ),
    **rows(
        _P,
        EXACT,
        "openai.APIResponseValidationError anthropic.APIResponseValidationError openai.LengthFinishReasonError",
    ),
    **worded("openai.OpenAIError", (r"api_key client option must be set|credentials", _E, EXACT)),
    **rows(
        _T,
        EXACT,
        "botocore.exceptions.EndpointConnectionError botocore.exceptions.ConnectionClosedError "
        "botocore.exceptions.ConnectionError botocore.exceptions.IncompleteReadError "
        "botocore.exceptions.HTTPClientError",
    ),
    **rows(
        _O,
        EXACT,
        "botocore.exceptions.ConnectTimeoutError botocore.exceptions.ReadTimeoutError botocore.exceptions.WaiterError",
    ),
    **rows(
        _E,
        EXACT,
        "botocore.exceptions.NoCredentialsError botocore.exceptions.PartialCredentialsError "
        "botocore.exceptions.CredentialRetrievalError botocore.exceptions.TokenRetrievalError "
        "botocore.exceptions.NoRegionError botocore.exceptions.ProfileNotFound botocore.exceptions.SSOTokenLoadError "
        "botocore.exceptions.UnauthorizedSSOTokenError botocore.exceptions.NoAuthTokenError "
        "botocore.exceptions.SSLError "
        "botocore.exceptions.ProxyConnectionError botocore.exceptions.ConfigNotFound",
    ),
    **rows(Category.TYPE_ERROR, EXACT, "botocore.exceptions.ParamValidationError"),
    **rows(_P, EXACT, "botocore.parsers.ResponseParserError"),
    **rows(_U, UNSURE, "botocore.exceptions.ClientError"),
    **rows(_E, EXACT, "google.auth.exceptions.DefaultCredentialsError google.auth.exceptions.RefreshError"),
    **rows(_T, EXACT, "google.auth.exceptions.TransportError google.api_core.exceptions.ServerError"),
    **rows(_O, BASE, "google.api_core.exceptions.RetryError"),
    **rows(
        _E,
        BASE,
        "docker.errors.DockerException docker.errors.ImageNotFound kubernetes.config.config_exception.ConfigException",
    ),
    **rows(
        _T,
        EXACT,
        "kafka.errors.NoBrokersAvailable kafka.errors.KafkaConnectionError pika.exceptions.AMQPConnectionError "
        "pika.exceptions.ConnectionClosed elastic_transport.ConnectionError elasticsearch.ConnectionError "
        "kombu.exceptions.OperationalError",
    ),
    **rows(
        _O, EXACT, "kafka.errors.KafkaTimeoutError elastic_transport.ConnectionTimeout elasticsearch.ConnectionTimeout"
    ),
    **rows(_O, EXACT, "grpc.FutureTimeoutError"),
    **rows(_O, EXACT, "selenium.common.exceptions.TimeoutException playwright.TimeoutError trio.TooSlowError"),
    **rows(
        _T,
        0.7,
        "selenium.common.exceptions.StaleElementReferenceException playwright.TargetClosedError "
        "anyio.BrokenResourceError",
    ),
    **rows(
        _E,
        BASE,
        "selenium.common.exceptions.SessionNotCreatedException selenium.common.exceptions.NoSuchDriverException",
    ),
    **worded(
        "playwright.Error",
        (r"Executable doesn't exist", _E, EXACT),
        (r"net::ERR_(?:CONNECTION|NETWORK|INTERNET)", _T, BASE),
    ),
    **rows(_U, UNSURE, "selenium.common.exceptions.NoSuchElementException"),
}

_REFUSED = (
    r"could not connect to server|Connection refused|server closed the connection unexpectedly|terminating connection"
    r"|the database system is (?:starting up|shutting down)|too many clients already"
    r"|connection slots are reserved|Connection reset by peer"
    r"|SSL SYSCALL error|could not receive data from server|the connection is lost|Lost connection to"
)
_NO_ACCESS = (
    r"password authentication failed|no password supplied|(?:database|role) \"[^\"]*\" does not exist"
    r"|no pg_hba\.conf entry"
    r"|Access denied for user|Unknown database"
)
_LOCKED = (
    r"database (?:table |schema )?is locked|deadlock detected|could not serialize access|Lock wait timeout exceeded"
)
_WRONG_SQL = (
    r"no such (?:table|column|function)|syntax error|near \"[^\"]*\": |(?:relation|column) \"[^\"]*\" does not exist"
)
_OPERATIONAL = (
    (_WRONG_SQL, _U, UNSURE),
    (_LOCKED, _T, EXACT),
    (_NO_ACCESS, _E, EXACT),
    (_REFUSED, _T, EXACT),
    (r"statement timeout|canceling statement due to|query execution was interrupted", _O, BASE),
    (r"unable to open database|readonly database|disk (?:is full|I/O error)", _E, BASE),
)

_DATABASES: Table = {
    **worded("psycopg2.OperationalError", *_OPERATIONAL, ("", _U, UNSURE)),
    **worded("psycopg.OperationalError", *_OPERATIONAL, ("", _U, UNSURE)),
    # A connection that the program itself closed, as far as the words tell: trying again would hide that.
    **rows(_U, UNSURE, "psycopg2.InterfaceError"),
    **worded("sqlalchemy.exc.OperationalError", *_OPERATIONAL),
    **worded("django.db.utils.OperationalError", *_OPERATIONAL),
    **worded("peewee.OperationalError", *_OPERATIONAL),
    **rows(
        _T,
        EXACT,
        "psycopg2.errors.AdminShutdown psycopg2.errors.DeadlockDetected psycopg2.errors.SerializationFailure "
        "psycopg.errors.AdminShutdown psycopg.errors.DeadlockDetected psycopg.errors.SerializationFailure "
        "psycopg.errors.ConnectionFailure asyncpg.exceptions.PostgresConnectionError "
        "asyncpg.exceptions.ConnectionDoesNotExistError "
        "asyncpg.exceptions.CannotConnectNowError asyncpg.exceptions.TooManyConnectionsError",
    ),
    **rows(_O, EXACT, "psycopg.errors.ConnectionTimeout psycopg_pool.PoolTimeout sqlalchemy.exc.TimeoutError"),
    **rows(Category.MISSING_DEPENDENCY, BASE, "sqlalchemy.exc.NoSuchModuleError"),
    **rows(
        _U,
        UNSURE,
        "sqlalchemy.exc.IntegrityError sqlalchemy.exc.ProgrammingError sqlalchemy.exc.DataError "
        "sqlalchemy.exc.ArgumentError sqlalchemy.exc.InvalidRequestError sqlalchemy.exc.StatementError "
        "sqlalchemy.exc.CompileError sqlalchemy.orm.exc.StaleDataError sqlalchemy.orm.exc.DetachedInstanceError "
        "django.db.utils.IntegrityError django.db.utils.ProgrammingError django.db.utils.DataError",
    ),
    **rows(
        _T,
        EXACT,
        "redis.exceptions.ConnectionError redis.exceptions.BusyLoadingError redis.exceptions.TryAgainError "
        "redis.exceptions.ClusterDownError redis.exceptions.MasterDownError redis.exceptions.WatchError "
        "redis.sentinel.MasterNotFoundError",
    ),
    **rows(_T, 0.7, "redis.exceptions.ReadOnlyError redis.exceptions.MaxConnectionsError"),
    **rows(_O, EXACT, "redis.exceptions.TimeoutError"),
    **rows(
        _E,
        EXACT,
        "redis.exceptions.AuthenticationError redis.exceptions.AuthorizationError redis.exceptions.NoPermissionError "
        "redis.exceptions.AuthenticationWrongNumberOfArgsError redis.exceptions.OutOfMemoryError",
    ),
    **rows(_U, UNSURE, "redis.exceptions.ResponseError redis.exceptions.DataError redis.exceptions.LockError"),
    **rows(
        _T,
        EXACT,
        "pymongo.errors.AutoReconnect pymongo.errors.ServerSelectionTimeoutError pymongo.errors.NotPrimaryError "
        "pymongo.errors.ConnectionFailure pymongo.errors.CursorNotFound",
    ),
    **rows(
        _O,
        EXACT,
        "pymongo.errors.NetworkTimeout pymongo.errors.ExecutionTimeout pymongo.errors.WTimeoutError "
        "pymongo.errors.WaitQueueTimeoutError",
    ),
    **rows(_E, BASE, "pymongo.errors.ConfigurationError"),
    **rows(Category.TYPE_ERROR, BASE, "bson.errors.InvalidDocument"),
    **worded("pymongo.errors.OperationFailure", (r"Authentication failed|not authorized", _E, EXACT), ("", _U, UNSURE)),
    **rows(_U, UNSURE, "pymongo.errors.DuplicateKeyError pymongo.errors.WriteError pymongo.errors.BulkWriteError"),
}

_DATA: Table = {
    **rows(
        _P,
        EXACT,
        "yaml.error.YAMLError yaml.error.MarkedYAMLError yaml.scanner.ScannerError yaml.parser.ParserError "
        "yaml.constructor.ConstructorError yaml.composer.ComposerError yaml.reader.ReaderError "
        "ruamel.yaml.error.YAMLError "
        "lxml.etree.XSLTParseError pandas._libs.tslibs.parsing.DateParseError bson.errors.InvalidBSON "
        "lxml.etree.XMLSyntaxError lxml.etree.ParserError lxml.etree.ParseError lxml.etree.DocumentInvalid "
        "lxml.etree.XPathEvalError pandas.errors.ParserError pandas.errors.EmptyDataError orjson.JSONDecodeError "
        "simplejson.errors.JSONDecodeError simplejson.scanner.JSONDecodeError ujson.JSONDecodeError "
        "tomli.TOMLDecodeError "
        "tomli._parser.TOMLDecodeError toml.decoder.TomlDecodeError tomlkit.exceptions.ParseError "
        "msgpack.exceptions.UnpackException msgspec.DecodeError msgspec.ValidationError "
        "pyparsing.exceptions.ParseException "
        "jsonschema.exceptions.ValidationError marshmallow.exceptions.ValidationError "
        "google.protobuf.message.DecodeError "
        "google.protobuf.json_format.ParseError dateutil.parser._parser.ParserError pyarrow.lib.ArrowInvalid "
        "PIL.UnidentifiedImageError jwt.exceptions.DecodeError",
    ),
    **rows(_P, 0.8, "jinja2.exceptions.TemplateSyntaxError"),
    **rows(_E, BASE, "numpy._ArrayMemoryError torch.OutOfMemoryError torch.cuda.OutOfMemoryError", Severity.CRITICAL),
    **rows(_U, UNSURE, "numpy.linalg.LinAlgError numpy.exceptions.AxisError pandas.errors.InvalidIndexError"),
    **rows(
        _E,
        EXACT,
        "django.core.exceptions.ImproperlyConfigured decouple.UndefinedValueError environs.exceptions.EnvError "
        "environs.EnvError pydantic_settings.exceptions.SettingsError pydantic_settings.sources.SettingsError "
        "dynaconf.validator.ValidationError keyring.errors.NoKeyringError",
    ),
    **rows(
        Category.MISSING_DEPENDENCY,
        EXACT,
        "pkg_resources.DistributionNotFound pkg_resources.VersionConflict bs4.exceptions.FeatureNotFound "
        "bs4.FeatureNotFound",
    ),
    **rows(_O, 0.7, "hypothesis.errors.DeadlineExceeded"),
    **rows(
        _U,
        UNSURE,
        "hypothesis.errors.Flaky hypothesis.errors.FlakyFailure hypothesis.errors.FailedHealthCheck "
        "hypothesis.errors.Unsatisfiable hypothesis.errors.HypothesisException",
    ),
}

LIBRARIES: Table = {**_HTTP, **_CLOUD, **_DATABASES, **_DATA}

WRAPPERS = frozenset(
    {
        "tenacity.RetryError",
        "urllib.error.URLError",
        "sqlalchemy.exc.DBAPIError",
        "sqlalchemy.exc.OperationalError",
        "sqlalchemy.exc.InterfaceError",
        "sqlalchemy.exc.InternalError",
        "django.db.utils.OperationalError",
        "django.db.utils.InterfaceError",
        "requests.exceptions.RequestException",
        "httpx.RequestError",
        "httpx.TransportError",
        "urllib3.exceptions.HTTPError",
        "botocore.exceptions.BotoCoreError",
        "pluggy.PluggyTeardownRaisedWarning",
        "celery.exceptions.Retry",
        "anyio.BrokenWorkerProcess",
        "backoff.MaxRetriesExceeded",
        "jinja2.exceptions.TemplateRuntimeError",
        "werkzeug.exceptions.InternalServerError",
        "http.client.HTTPException",
        "openai.APIError",
        "openai.OpenAIError",
        "anthropic.APIError",
        "redis.exceptions.RedisError",
        "pymongo.errors.PyMongoError",
    }
)
"""Library classes that only pass on what is behind them; their own words count when nothing is behind."""
