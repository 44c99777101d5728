"""Names whose home everybody knows: members of the standard library and customary aliases of packages.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

_MEMBERS = {
    "abc": "ABC ABCMeta abstractmethod",
    "argparse": "ArgumentParser Namespace ArgumentTypeError",
    "collections": "Counter OrderedDict defaultdict deque namedtuple ChainMap UserDict UserList",
    "bisect": "bisect_left bisect_right insort insort_left insort_right",
    "collections.abc": (
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Collection Coroutine Generator Hashable "
        "Iterable Iterator Mapping MutableMapping MutableSequence MutableSet Sequence Sized"
    ),
    "concurrent.futures": "ThreadPoolExecutor ProcessPoolExecutor as_completed",
    "configparser": "ConfigParser",
    "contextlib": (
        "AbstractContextManager AsyncExitStack ExitStack asynccontextmanager closing contextmanager nullcontext "
        "redirect_stderr redirect_stdout suppress"
    ),
    "copy": "deepcopy",
    "dataclasses": "asdict astuple dataclass field fields is_dataclass",
    "datetime": "date datetime timedelta timezone tzinfo",
    "decimal": "Decimal ROUND_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP",
    "difflib": "SequenceMatcher get_close_matches unified_diff",
    "email.message": "EmailMessage",
    "enum": "Enum Flag IntEnum IntFlag auto unique",
    "fractions": "Fraction",
    "functools": (
        "cached_property cmp_to_key lru_cache partial partialmethod reduce singledispatch singledispatchmethod "
        "total_ordering wraps"
    ),
    "html.parser": "HTMLParser",
    "http": "HTTPStatus",
    "http.server": "BaseHTTPRequestHandler HTTPServer SimpleHTTPRequestHandler ThreadingHTTPServer",
    "importlib": "import_module",
    "inspect": "Parameter isclass iscoroutinefunction",
    "io": "BytesIO StringIO TextIOWrapper",
    "ipaddress": "IPv4Address IPv4Network IPv6Address ip_address ip_network",
    "itertools": (
        "chain combinations combinations_with_replacement cycle dropwhile groupby islice permutations product starmap "
        "takewhile tee zip_longest"
    ),
    "json": "JSONDecodeError JSONDecoder JSONEncoder",
    "operator": "attrgetter itemgetter methodcaller",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath",
    "shutil": "copyfile copyfileobj copytree rmtree",
    "string": "ascii_letters ascii_lowercase ascii_uppercase",
    "subprocess": "CalledProcessError CompletedProcess Popen TimeoutExpired check_output",
    "tempfile": "NamedTemporaryFile TemporaryDirectory TemporaryFile mkdtemp mkstemp",
    "textwrap": "dedent indent",
    "threading": "Lock RLock Thread",
    "time": "monotonic perf_counter",
    "types": "MappingProxyType ModuleType SimpleNamespace TracebackType",
    "typing": (
        "Annotated Any AnyStr ClassVar Dict Final FrozenSet Generic List Literal NamedTuple NewType NoReturn Optional "
        "Protocol Set TYPE_CHECKING Tuple Type TypedDict TypeVar Union cast overload runtime_checkable"
    ),
    "unittest": "TestCase",
    "unittest.mock": "AsyncMock MagicMock Mock PropertyMock mock_open sentinel",
    "urllib.error": "HTTPError URLError",
    "urllib.parse": "parse_qs parse_qsl quote_plus unquote urlencode urljoin urlparse urlsplit urlunparse urlunsplit",
    "urllib.request": "urlopen urlretrieve",
    "uuid": "UUID uuid4 uuid5",
    "weakref": "WeakKeyDictionary WeakSet WeakValueDictionary",
    "zoneinfo": "ZoneInfo ZoneInfoNotFoundError",
}

STANDARD_MEMBERS: dict[str, str] = {name: module for module, names in _MEMBERS.items() for name in names.split()}
"""Name to the standard module it is imported from; where two modules offer it (`Callable`), the one not deprecated."""

MODULE_AND_MEMBER: dict[str, frozenset[str]] = {
    "datetime": frozenset({"MAXYEAR", "MINYEAR", "UTC", "datetime", "timedelta", "timezone", "tzinfo"}),
    "time": frozenset(),
    "copy": frozenset(),
    "pprint": frozenset(),
    "glob": frozenset(),
    "bisect": frozenset(),
    "fnmatch": frozenset(),
    "getpass": frozenset(),
}
"""Modules with a member of their own name, and the attributes that only the module has (empty: any attribute)."""

ALIASES: dict[str, str] = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "sns": "seaborn",
    "sa": "sqlalchemy",
    "tf": "tensorflow",
    "jnp": "jax.numpy",
    "xr": "xarray",
    "nx": "networkx",
    "sp": "scipy",
    "gpd": "geopandas",
    "dd": "dask.dataframe",
    "st": "hypothesis.strategies",
    "pa": "pyarrow",
    "cv2": "cv2",
    "pytest": "pytest",
    "yaml": "yaml",
    "requests": "requests",
    "attrs": "attrs",
    "attr": "attr",
}
"""Customary names of third-party modules."""
