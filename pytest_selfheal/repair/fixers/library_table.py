"""Names that libraries took away, and what stands for them now: data for `removed_api`.

A new rule is one line here. A `Rename` needs no more than two dotted names: whether the old one is gone and the new one
there is asked of what is installed, not of version numbers. Only replacements that take and give the same belong here.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    """A module, or a member of one, that has another dotted name now; `builtins.x` is the built-in `x`.

    Not `sure`: what it does differs in a way that tests may not show.
    """

    old: str
    new: str
    sure: bool = True


@dataclass(frozen=True)
class Method:
    """A method of objects of some classes that is called another way now.

    Attributes:
        library: the top-level module the classes come from.
        owners: class names as an `AttributeError` shows them.
        old: the attribute that is gone.
        new: the attribute that stands for it; empty with `shape`.
        shape: the name of a function in `reshaping` that writes the call anew.
    """

    library: str
    owners: tuple[str, ...]
    old: str
    new: str = ""
    shape: str = ""


@dataclass(frozen=True)
class Call:
    """A call that must be written differently now.

    Attributes:
        names: dotted names of what is called; `.name` for a method of that name.
        shape: the name of a function in `reshaping` that writes the call anew.
        kinds: class names of the error it stands behind.
        error: regular expression for that error's message.
        sweep: whether the old form is wrong wherever it stands in the project.
    """

    names: tuple[str, ...]
    shape: str
    kinds: tuple[str, ...]
    error: str
    sweep: bool = False


@dataclass(frozen=True)
class Keyword:
    """A keyword argument that is called another way now; an empty `new` means it may simply go.

    `callees` is a regular expression for the function an `unexpected keyword argument` error names.
    """

    library: str
    callees: str
    old: str
    new: str = ""


def _family(old: str, new: str, names: str) -> list[Rename]:
    return [Rename(f"{old}.{name}", f"{new}.{name}") for name in names.split()]


def _pairs(module: str, pairs: str) -> list[Rename]:
    return [Rename(f"{module}.{old}", new) for old, _, new in (pair.partition("=") for pair in pairs.split())]


STANDARD: tuple[Rename, ...] = (
    *_family(
        "collections",
        "collections.abc",
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable ByteString Callable Collection Container Coroutine "
        "Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping MutableSequence "
        "MutableSet Reversible Sequence Set Sized ValuesView",
    ),
    Rename("time.clock", "time.perf_counter", sure=False),  # it counted CPU time on some systems
    Rename("inspect.getargspec", "inspect.getfullargspec"),
    *_pairs(
        "string",
        "maketrans=builtins.str.maketrans letters=string.ascii_letters lowercase=string.ascii_lowercase "
        "uppercase=string.ascii_uppercase",
    ),
    *_pairs(
        "itertools",
        "izip=builtins.zip imap=builtins.map ifilter=builtins.filter izip_longest=itertools.zip_longest "
        "ifilterfalse=itertools.filterfalse",
    ),
    *_pairs("types", "StringType=builtins.str ListType=builtins.list DictType=builtins.dict IntType=builtins.int"),
    *_pairs("base64", "encodestring=base64.encodebytes decodestring=base64.decodebytes"),
    *_pairs(
        "imp",
        "reload=importlib.reload new_module=types.ModuleType cache_from_source=importlib.util.cache_from_source "
        "source_from_cache=importlib.util.source_from_cache",
    ),
    *_pairs(
        "urllib",
        "quote=urllib.parse.quote unquote=urllib.parse.unquote urlencode=urllib.parse.urlencode "
        "quote_plus=urllib.parse.quote_plus unquote_plus=urllib.parse.unquote_plus urlopen=urllib.request.urlopen "
        "urlretrieve=urllib.request.urlretrieve pathname2url=urllib.request.pathname2url",
    ),
    *_pairs(
        "urllib2",
        "urlopen=urllib.request.urlopen Request=urllib.request.Request HTTPError=urllib.error.HTTPError "
        "URLError=urllib.error.URLError quote=urllib.parse.quote",
    ),
    *_pairs("plistlib", "readPlistFromBytes=plistlib.loads writePlistToBytes=plistlib.dumps"),
    Rename("fractions.gcd", "math.gcd"),
    Rename("os.getcwdu", "os.getcwd"),
    Rename("os.errno", "errno"),
    Rename("sys.maxint", "sys.maxsize"),
    Rename("operator.isCallable", "builtins.callable"),
    Rename("asyncio.JoinableQueue", "asyncio.Queue"),
    Rename("xml.etree.cElementTree", "xml.etree.ElementTree"),
    Rename("locale.format", "locale.format_string"),
    Rename("tarfile.filemode", "stat.filemode"),
    Rename("unittest._TextTestResult", "unittest.TextTestResult"),
    Rename("dummy_threading", "threading"),
    Rename("distutils.spawn.find_executable", "shutil.which"),
    Rename("pipes.quote", "shlex.quote"),
    Rename("configparser.SafeConfigParser", "configparser.ConfigParser"),
    Rename("ConfigParser", "configparser"),
    Rename("cPickle", "pickle"),
    Rename("Queue", "queue"),
    Rename("SocketServer", "socketserver"),
    Rename("Cookie", "http.cookies"),
    Rename("cookielib", "http.cookiejar"),
    Rename("httplib", "http.client"),
    Rename("HTMLParser", "html.parser"),
    Rename("htmlentitydefs", "html.entities"),
    Rename("urlparse", "urllib.parse"),
    Rename("StringIO.StringIO", "io.StringIO"),
    Rename("cStringIO.StringIO", "io.StringIO"),
    Rename("copy_reg", "copyreg"),
    *_pairs(
        "asyncio", "Task.all_tasks=asyncio.all_tasks Task.current_task=asyncio.current_task async=asyncio.ensure_future"
    ),
)

LIBRARIES: tuple[Rename, ...] = (
    *_pairs(
        "numpy",
        "float=builtins.float int=builtins.int bool=builtins.bool complex=builtins.complex object=builtins.object "
        "str=builtins.str long=builtins.int unicode=builtins.str float_=numpy.float64 complex_=numpy.complex128 "
        "unicode_=numpy.str_ string_=numpy.bytes_ Inf=numpy.inf Infinity=numpy.inf infty=numpy.inf PINF=numpy.inf "
        "NaN=numpy.nan product=numpy.prod cumproduct=numpy.cumprod sometrue=numpy.any alltrue=numpy.all "
        "in1d=numpy.isin trapz=numpy.trapezoid row_stack=numpy.vstack round_=numpy.round "
        "singlecomplex=numpy.complex64 cfloat=numpy.complex128 longfloat=numpy.longdouble "
        "clongfloat=numpy.clongdouble mat=numpy.asmatrix AxisError=numpy.exceptions.AxisError "
        "ComplexWarning=numpy.exceptions.ComplexWarning RankWarning=numpy.exceptions.RankWarning "
        "VisibleDeprecationWarning=numpy.exceptions.VisibleDeprecationWarning NAN=numpy.nan bool8=numpy.bool_ "
        "int0=numpy.intp uint0=numpy.uintp object0=numpy.object_ str0=numpy.str_ bytes0=numpy.bytes_ void0=numpy.void "
        "rank=numpy.ndim issubclass_=builtins.issubclass safe_eval=ast.literal_eval source=inspect.getsource "
        "typeDict=numpy.sctypeDict linalg.linalg=numpy.linalg lib.pad=numpy.pad "
        "byte_bounds=numpy.lib.array_utils.byte_bounds",
    ),
    *_pairs(
        "pandas",
        "TimeGrouper=pandas.Grouper io.json.json_normalize=pandas.json_normalize util.testing=pandas.testing "
        "core.common.SettingWithCopyWarning=pandas.errors.SettingWithCopyWarning "
        "lib.infer_dtype=pandas.api.types.infer_dtype tools.plotting=pandas.plotting np=numpy "
        "datetime=datetime.datetime scatter_matrix=pandas.plotting.scatter_matrix",
    ),
    Rename("sqlalchemy.ext.declarative.declarative_base", "sqlalchemy.orm.declarative_base"),
    Rename("pydantic.BaseSettings", "pydantic_settings.BaseSettings"),
    Rename("sklearn.externals.joblib", "joblib"),
    Rename("sklearn.grid_search.GridSearchCV", "sklearn.model_selection.GridSearchCV"),
    Rename("sklearn.cross_validation.train_test_split", "sklearn.model_selection.train_test_split"),
    *_pairs(
        "jinja2",
        "Markup=markupsafe.Markup escape=markupsafe.escape contextfunction=jinja2.pass_context "
        "contextfilter=jinja2.pass_context environmentfilter=jinja2.pass_environment",
    ),
    *_pairs("flask", "Markup=markupsafe.Markup escape=markupsafe.escape"),
    *_pairs(
        "werkzeug",
        "secure_filename=werkzeug.utils.secure_filename urls.url_quote=urllib.parse.quote "
        "generate_password_hash=werkzeug.security.generate_password_hash "
        "check_password_hash=werkzeug.security.check_password_hash",
    ),
    *_pairs(
        "django",
        "utils.translation.ugettext=django.utils.translation.gettext "
        "utils.translation.ugettext_lazy=django.utils.translation.gettext_lazy "
        "utils.encoding.force_text=django.utils.encoding.force_str "
        "utils.encoding.smart_text=django.utils.encoding.smart_str core.urlresolvers=django.urls "
        "conf.urls.url=django.urls.re_path",
    ),
    *_pairs(
        "scipy",
        "misc.comb=scipy.special.comb misc.factorial=scipy.special.factorial misc.logsumexp=scipy.special.logsumexp "
        "integrate.trapz=scipy.integrate.trapezoid integrate.simps=scipy.integrate.simpson "
        "integrate.cumtrapz=scipy.integrate.cumulative_trapezoid",
    ),
    Rename("requests.packages.urllib3", "urllib3"),
    Rename("sqlalchemy.orm.relation", "sqlalchemy.orm.relationship"),
    Rename("sqlalchemy.orm.eagerload", "sqlalchemy.orm.joinedload"),
    Rename("sqlalchemy.Binary", "sqlalchemy.LargeBinary"),
)

RENAMES = (*STANDARD, *LIBRARIES)

_FRAME = ("DataFrame",)
_BOTH = ("DataFrame", "Series")
_INDEXES = ("Index", "RangeIndex", "DatetimeIndex", "MultiIndex")
_GROUPED = ("DataFrameGroupBy", "SeriesGroupBy")
_DICTS = ("dict", "OrderedDict", "collections.OrderedDict", "defaultdict", "collections.defaultdict", "Counter")
_ITERATORS = ("generator", "zip", "map", "filter", "enumerate", "list_iterator", "_csv.reader", "_io.TextIOWrapper")
_ARRAYS = ("ndarray", "numpy.ndarray")

METHODS: tuple[Method, ...] = (
    Method("pandas", _BOTH, "append", shape="joined_frames"),
    Method("pandas", _BOTH, "iteritems", "items"),
    Method("pandas", _FRAME, "applymap", "map"),
    Method("pandas", _BOTH, "as_matrix", "to_numpy"),
    Method("pandas", _BOTH, "get_values", "to_numpy"),
    Method("pandas", (*_BOTH, *_INDEXES), "is_monotonic", "is_monotonic_increasing"),
    Method("pandas", (*_BOTH, *_GROUPED), "pad", "ffill"),
    Method("pandas", (*_BOTH, *_GROUPED), "backfill", "bfill"),
    Method("pandas", _BOTH, "reindex_axis", "reindex"),
    Method("pandas", ("Series",), "ravel", "to_numpy"),
    Method("pandas", _BOTH, "sort", "sort_values"),
    Method("pandas", ("Series",), "order", "sort_values"),
    Method("pandas", _FRAME, "get_value", shape="cell"),
    Method("html", ("HTMLParser",), "unescape", shape="html_unescape"),
    Method("numpy", _ARRAYS, "tostring", "tobytes"),
    Method("numpy", _ARRAYS, "ptp", shape="numpy_function"),
    Method("numpy", _ARRAYS, "itemset", shape="item_assignment"),
    Method("builtins", _DICTS, "iteritems", "items"),
    Method("builtins", _DICTS, "itervalues", "values"),
    Method("builtins", _DICTS, "iterkeys", "keys"),
    Method("builtins", _DICTS, "has_key", shape="membership"),
    Method("builtins", _ITERATORS, "next", shape="next_item"),
    Method("array", ("array", "array.array"), "tostring", "tobytes"),
    Method("array", ("array", "array.array"), "fromstring", "frombytes"),
    Method("threading", ("Thread", "_MainThread"), "isAlive", "is_alive"),
    Method("xml", ("Element", "xml.etree.ElementTree.Element", "ElementTree"), "getiterator", "iter"),
    Method("xml", ("Element", "xml.etree.ElementTree.Element"), "getchildren", shape="listed"),
    Method("configparser", ("ConfigParser", "RawConfigParser"), "readfp", "read_file"),
    Method("inspect", ("FullArgSpec",), "keywords", "varkw"),
    Method("sqlalchemy", ("Engine",), "table_names", shape="inspected"),
    Method("sqlalchemy", ("Engine",), "has_table", shape="inspected"),
)

_SQL = ("ArgumentError", "ObjectNotExecutableError", "TypeError")

_GONE = ("AttributeError", "ImportError")

CALLS: tuple[Call, ...] = (
    Call(("cgi.escape",), "html_escape", _GONE, r"'escape' from 'cgi'|'cgi' has no attribute 'escape'", sweep=True),
    Call(("numpy.asscalar",), "item_of", _GONE, r"'numpy'.* 'asscalar'|'asscalar' from 'numpy'", sweep=True),
    Call(("numpy.msort",), "sorted_rows", _GONE, r"'numpy'.* 'msort'|'msort' from 'numpy'|np\.msort", sweep=True),
    Call(("numpy.asfarray",), "float_array", _GONE, r"'numpy'.* 'asfarray'|np\.asfarray", sweep=True),
    Call(("pandas.value_counts",), "counted", _GONE, r"'pandas' has no attribute 'value_counts'", sweep=True),
    Call(("pandas.concat",), "framed_row", ("TypeError",), r"^cannot concatenate object of type '<class 'dict'>'"),
    Call((".drop",), "axis_keyword", ("TypeError",), r"^(DataFrame|Series)\.drop\(\) takes from 1 to 2 positional"),
    Call(
        ("random.sample", ".sample"), "sorted_population", ("TypeError",), r"^Population must be a sequence\. .*sorted"
    ),
    Call(("inspect.getfullargspec",), "first_four", ("ValueError",), r"^too many values to unpack \(expected 4"),
    Call(
        (".select", ".update", ".delete"),
        "conditioned",
        ("TypeError",),
        r"^(FromClause|TableClause|Table)\.(select|update|delete)\(\) takes 1 positional argument",
    ),
    Call((".get",), "session_get", ("LegacyAPIWarning",), r"The Query\.get\(\) method is considered legacy"),
    Call((".fillna",), "filled", ("TypeError",), r"fillna\(\) got an unexpected keyword argument 'method'"),
    Call((".execute",), "parameters", ("TypeError",), r"^Connection\.execute\(\) got an unexpected keyword argument"),
    Call(
        ("pydantic.parse_obj_as",),
        "type_adapter",
        ("PydanticDeprecatedSince20",),
        r"`parse_obj_as` (function )?is deprecated",
        sweep=True,
    ),
    Call(
        ("yaml.load", "yaml.load_all"),
        "safe_loading",
        ("TypeError",),
        r"^load(_all)?\(\) missing 1 required positional argument: 'Loader'",
        sweep=True,
    ),
    Call(
        ("sqlalchemy.select", "sqlalchemy.sql.select", "sqlalchemy.sql.expression.select", "sqlalchemy.future.select"),
        "unpacked",
        _SQL,
        r"(?i)column expression|select\(\) construct",
        sweep=True,
    ),
    Call(
        ("sqlalchemy.case", "sqlalchemy.sql.case", "sqlalchemy.sql.expression.case"),
        "unpacked",
        _SQL,
        r"case\(\)|whens",
        sweep=True,
    ),
    Call((".execute", ".scalar", ".scalars"), "textual_sql", _SQL, r"Not an executable object|Textual SQL expression"),
    Call(
        ("pydantic.validator",),
        "field_validator",
        ("PydanticDeprecatedSince20",),
        r"`@validator` validators are deprecated",
        sweep=True,
    ),
    Call(
        ("pydantic.root_validator",),
        "model_validator",
        ("PydanticDeprecatedSince20", "PydanticUserError"),
        r"`@root_validator`",
        sweep=True,
    ),
)

KEYWORDS: tuple[Keyword, ...] = (
    Keyword("json", r"(^|\.)(JSONDecoder\.__init__|loads?)$", "encoding"),
    Keyword(
        "asyncio", r"(^|\.)((sleep|wait|gather|wait_for|Lock|Event|Queue|Semaphore|Condition)(\.__init__)?)$", "loop"
    ),
    Keyword("pandas", r"(^|\.)(_generate_range|date_range)$", "closed", "inclusive"),
    Keyword("pandas", r"(^|\.)to_csv$", "line_terminator", "lineterminator"),
    Keyword("pydantic", r"(^|\.)(conlist|conset)$", "min_items", "min_length"),
    Keyword("pydantic", r"(^|\.)(conlist|conset)$", "max_items", "max_length"),
    Keyword("pydantic", r"(^|\.)constr$", "regex", "pattern"),
    Keyword("pandas", r"(^|\.)(to_datetime|read_csv)$", "infer_datetime_format"),
    Keyword("sqlalchemy", r"(^|\.)(String|Unicode|Text|UnicodeText|Enum)\.__init__$", "convert_unicode"),
    Keyword("sklearn", r"(^|\.)OneHotEncoder\.__init__$", "sparse", "sparse_output"),
)

BUILTINS: dict[str, str] = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
}
"""Built-in names of Python 2, and what does their work."""
