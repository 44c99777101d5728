"""Questions that facts answer better than a class name: whose module, which name, what kind of key.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.classify.rules import BASE
from pytest_selfheal.classify.rules import EXACT
from pytest_selfheal.classify.rules import GUESS
from pytest_selfheal.classify.rules import STRUCTURAL
from pytest_selfheal.classify.rules import Finding
from pytest_selfheal.classify.rules import first_match
from pytest_selfheal.classify.rules import innermost_path
from pytest_selfheal.classify.rules import pattern
from pytest_selfheal.classify.table_messages import MESSAGE_RULES
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model.known_names import STANDARD_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import ProjectFacts

# Names everybody gives to the same import.
_ALIASES = frozenset({"np", "pd", "plt", "tf", "sns", "sa", "nx", "sp", "mpl", "xr", "jnp", "jax", "torch"})

# Gone since 3.12 or 3.13 (PEP 594, PEP 632): the interpreter is too new, nothing is missing from the project.
_REMOVED = frozenset(
    {
        *(
            "aifc",
            "asynchat",
            "asyncore",
            "audioop",
            "binhex",
            "cgi",
            "cgitb",
            "chunk",
            "crypt",
            "distutils",
            "formatter",
        ),
        *("imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "parser", "pipes", "smtpd"),
        *("sndhdr", "spwd", "sunau", "symbol", "telnetlib", "uu", "xdrlib"),
    }
)

_BINARY = (
    r"cannot open shared object|undefined symbol|DLL load failed|version `GLIBC|\bELF\b|symbol not found|\bmach-o\b"
)
_OPTIONAL = (
    r"missing optional dependency|\bpip3? install\b|\bis not installed\b|please install|to be installed"
    r"|\bA suitable version of\b|\bis required (?:for|to|by)\b|\bunable to find a usable engine\b"
)
_SETTINGS = re.compile(r"(?:settings|config|configuration|env|environment)$", re.IGNORECASE)
_PLAIN_TYPES = frozenset(
    {
        *("int", "str", "float", "bool", "bytes", "list", "dict", "set", "frozenset", "tuple", "any", "none"),
        *("date", "datetime", "time", "timedelta", "decimal"),
    }
)
_NAME_IN_TEXT = re.compile(r"(?:No module named|name) '([^']+)'")
_FROM = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
_INSTALLED_PATH = re.compile(r"(?:^|/)(?:site-packages|dist-packages|lib/python\d[\d.]*)/")
_ENVIRON_FRAME = re.compile(r"(?:^|/)os\.py$|^<frozen os>$")


def module_not_found(link: ErrorLink, project: ProjectFacts) -> Finding:
    """Tell a module of the project from one of the standard library and from a package that is not installed."""
    name = _subject(link)
    top = name.partition(".")[0]
    evidence = (f"module {name!r}",)
    if not top:
        return _import_wording(link)
    if top in project.own:
        return Finding(Category.MISSING_IMPORT, EXACT, "import.own_module", evidence)
    if top in _REMOVED or top in project.stdlib:
        return Finding(Category.ENVIRONMENT, 0.9, "import.stdlib_module", evidence)
    close = _close(top, project.own)
    if close:
        return Finding(Category.MISSING_IMPORT, 0.6, "import.misspelt_own", (*evidence, f"close to own {close!r}"))
    return Finding(Category.MISSING_DEPENDENCY, EXACT, "import.not_installed", evidence)


def import_error(link: ErrorLink, project: ProjectFacts) -> Finding:
    """Tell a name that the project lost from a library that changed and from a broken binary."""
    match = _FROM.search(link.message)
    if pattern(_BINARY).search(link.message) or match is None:
        return _import_wording(link)
    module = str(link.facts.get("name") or match[2])
    evidence = (f"name {match[1]!r} from {module!r}",)
    if "partially initialized module" in link.message or "circular import" in link.message:
        return Finding(Category.MISSING_IMPORT, 0.9, "import.circular", evidence)
    if project.owns(module):
        return Finding(Category.MISSING_IMPORT, EXACT, "import.own_name", evidence)
    if "(unknown location)" in link.message:
        return Finding(Category.MISSING_DEPENDENCY, 0.9, "import.namespace_package", evidence)
    confidence = 0.75 if module.partition(".")[0] in project.stdlib else 0.6
    return Finding(Category.MISSING_IMPORT, confidence, "import.moved_name", evidence)


def name_error(link: ErrorLink, project: ProjectFacts) -> Finding:
    """Tell a name whose import is missing from a misspelt or unbound one."""
    name = _subject(link)
    evidence = (f"name {name!r}",)
    if not name or "free variable" in link.message:
        return Finding(Category.UNKNOWN, 0.9, "name.unbound", evidence)
    if name in project.stdlib or name in project.installed or name in project.own or name in _ALIASES:
        return Finding(Category.MISSING_IMPORT, EXACT, "name.importable", evidence)
    exporters = link.facts.get("exporters")
    if name in STANDARD_MEMBERS or exporters:
        where = (f"defined by {exporters[0]}",) if exporters else ()
        return Finding(Category.MISSING_IMPORT, 0.9, "name.exported", (*evidence, *where))
    close = link.facts.get("close_names")
    if close:
        return Finding(Category.UNKNOWN, 0.9, "name.misspelt", (*evidence, f"close to {close[0]!r}"))
    # A class that nobody has loaded yet; for other names nothing says that they can be imported at all.
    if name[:1].isupper() and not name.isupper():
        return Finding(Category.MISSING_IMPORT, 0.6, "name.undefined_class", evidence)
    return Finding(Category.UNKNOWN, 0.8, "name.undefined", evidence)


def key_error(link: ErrorLink, _project: ProjectFacts) -> Finding | None:
    """Recognise an environment variable that is not set; any other key is the program's business."""
    if is_environment_key(link):
        return Finding(Category.ENVIRONMENT, EXACT, "key.environ", (f"variable {link.facts.get('key', '')}",))
    return None


def is_environment_key(link: ErrorLink) -> bool:
    """Return whether a KeyError came out of `os.environ`."""
    if not link.frames:
        return False
    if _ENVIRON_FRAME.search(innermost_path(link)):
        return True
    return "environ" in link.frames[-1].source or "getenv" in link.frames[-1].source


def syntax_error(link: ErrorLink, _project: ProjectFacts) -> Finding:
    """Tell a file of the project from a text that was parsed and from an installed file."""
    filename = str(link.facts.get("filename", ""))
    evidence = (f"file {filename}",) if filename else ()
    if filename.startswith("<") or not filename:
        return Finding(Category.PARSE, 0.9 if filename else 0.6, "syntax.text", evidence)
    if _INSTALLED_PATH.search(filename):
        return Finding(Category.ENVIRONMENT, BASE, "syntax.installed", evidence)
    if link.facts.get("in_app") or not (filename.startswith("/") or filename[1:2] == ":"):
        return Finding(Category.SYNTAX, STRUCTURAL, "syntax.project", evidence)
    return Finding(Category.PARSE, 0.5, "syntax.elsewhere", evidence)


def attribute_error(link: ErrorLink, project: ProjectFacts) -> Finding | None:
    """Recognise a submodule of the project that nobody imported, and a circular import."""
    module, name = link.facts.get("obj_module"), link.facts.get("name")
    if module and f"{module}.{name}" in project.own_modules:
        return Finding(Category.MISSING_IMPORT, 0.9, "attribute.submodule", (f"{module}.{name} exists",))
    if link.message.startswith("partially initialized module"):
        return Finding(Category.MISSING_IMPORT, BASE, "attribute.circular", (f"module {module!r}",))
    return None


def validation_error(link: ErrorLink, _project: ProjectFacts) -> Finding:
    """Tell settings from data from the arguments of a call."""
    title = str(link.facts.get("title", ""))
    evidence = (f"model {title!r}",)
    if _SETTINGS.search(title):
        return Finding(Category.ENVIRONMENT, BASE, "validation.settings", evidence)
    last = title.rpartition(".")[2]
    # The title of a checked call is the name of the function.
    if last.isidentifier() and last.islower() and ("." in title or last not in _PLAIN_TYPES):
        return Finding(Category.TYPE_ERROR, BASE, "validation.call", evidence)
    if pattern(r"type=(?:unexpected_keyword_argument|missing_argument|missing_positional_only|multiple_arg)").search(
        link.message
    ):
        return Finding(Category.TYPE_ERROR, BASE, "validation.arguments", evidence)
    return Finding(Category.PARSE, BASE, "validation.data", evidence)


def process_error(link: ErrorLink, _project: ProjectFacts) -> Finding | None:
    """Read what a program that failed wrote last; it decides only by the phrases of the message rules."""
    output = str(link.facts.get("stderr", ""))
    finding = first_match(MESSAGE_RULES, ErrorLink(link.type_name, message=output)) if output else None
    return finding and replace(finding, rule=finding.rule.replace("message.", "stderr."))


SPECIAL: dict[str, Callable[[ErrorLink, ProjectFacts], Finding | None]] = {
    "builtins.ModuleNotFoundError": module_not_found,
    "builtins.ImportError": import_error,
    "builtins.NameError": name_error,
    "builtins.KeyError": key_error,
    "builtins.SyntaxError": syntax_error,
    "builtins.AttributeError": attribute_error,
    "subprocess.CalledProcessError": process_error,
    "pydantic_core._pydantic_core.ValidationError": validation_error,
    "pydantic.error_wrappers.ValidationError": validation_error,
}


def _subject(link: ErrorLink) -> str:
    name = link.facts.get("name")
    if isinstance(name, str) and name:
        return name
    match = _NAME_IN_TEXT.search(link.message)
    return match[1] if match else ""


def _import_wording(link: ErrorLink) -> Finding:
    if pattern(_BINARY).search(link.message):
        return Finding(Category.ENVIRONMENT, EXACT, "import.binary")
    if pattern(_OPTIONAL).search(link.message):
        return Finding(Category.MISSING_DEPENDENCY, 0.9, "import.optional")
    if link.message.startswith("attempted relative import"):
        return Finding(Category.MISSING_IMPORT, EXACT, "import.relative")
    return Finding(Category.UNKNOWN, GUESS, "import.other")


def _close(name: str, known: frozenset[str]) -> str:
    if len(name) < 4:
        return ""
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.85)), "")
