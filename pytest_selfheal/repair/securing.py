"""What a fix may not make less safe: switches, loaders, ciphers and powers in Python code.

A fix may take an unsafe form away, never bring one in, and never take a safe one away. Compared is what stands in the
file before and after, names resolved through its imports.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SAFE_WHEN_TRUE = _words(
    "verify verify_ssl ssl_verify verify_certs check_hostname assert_hostname autoescape httponly secure "
    "strict_transport validate_certs tls require_tls use_tls verify_signature verify_exp verify_aud weights_only "
    "csrf_enabled force_https session_cookie_secure session_cookie_httponly csrf_cookie_secure secure_ssl_redirect "
    "csrf_protect wtf_csrf_enabled authenticate require_auth encrypt"
)
_SAFE_WHEN_FALSE = _words(
    "shell debug allow_pickle trust_remote_code resolve_entities load_dtd no_network huge_tree insecure use_debugger "
    "allow_unsafe allow_all_origins cors_allow_all_origins cors_origin_allow_all skip_verify evalex unsafe "
    "disable_warnings allow_dangerous_deserialization"
)
_SAFE_OF_ITSELF = _words("usedforsecurity")
_UNSAFE_NAMES = _words(
    "CERT_NONE CERT_OPTIONAL _create_unverified_context _create_stdlib_context UnsafeLoader FullLoader CFullLoader "
    "unsafe_load unsafe_load_all full_load full_load_all PROTOCOL_SSLv2 PROTOCOL_SSLv3 PROTOCOL_TLSv1 PROTOCOL_TLSv1_1 "
    "PROTOCOL_TLS SSLv2 SSLv3 TLSv1 TLSv1_1 md5 md4 sha1 MD5 SHA1 DES DES3 ARC4 ARC2 Blowfish IDEA MODE_ECB ECB "
    "AutoAddPolicy WarningPolicy mktemp csrf_exempt mark_safe InsecureRequestWarning disable_warnings eval exec "
    "AllowAny fully_trusted_filter insecure_channel crypt"
)
_UNSAFE_CALLS = _words(
    "pickle.load pickle.loads pickle.Unpickler cPickle.load cPickle.loads marshal.load marshal.loads shelve.open "
    "dill.load dill.loads cloudpickle.load cloudpickle.loads jsonpickle.decode joblib.load pandas.read_pickle "
    "os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput os.chmod os.umask "
    "random.random random.choice random.choices random.randint random.randrange random.getrandbits random.seed "
    "xml.sax.parse xml.dom.minidom.parseString telnetlib.Telnet ftplib.FTP http.client.HTTPConnection smtplib.SMTP"
)
_YAML_LOADS = _words("yaml.load yaml.load_all")
_SAFE_NAMES = _words(
    "SafeLoader CSafeLoader safe_load safe_load_all compare_digest escape quote literal_eval CERT_REQUIRED "
    "create_default_context PROTOCOL_TLS_CLIENT PROTOCOL_TLS_SERVER TLSv1_2 TLSv1_3 RejectPolicy SystemRandom mkstemp "
    "token_bytes token_hex token_urlsafe randbelow sha224 sha256 sha384 sha512 sha3_256 sha3_512 blake2b blake2s "
    "scrypt pbkdf2_hmac csrf_protect login_required permission_required user_passes_test staff_member_required "
    "require_POST IsAuthenticated IsAdminUser defusedxml has_perm has_perms "
    "is_authenticated HTTPSConnection FTP_TLS SMTP_SSL secure_channel"
)
_UNSAFE_TEXTS = re.compile(
    r"(?i)^(md5|md4|sha-?1|none|des|rc4|fully_trusted|0\.0\.0\.0|\*|http://.*)$|PYTHONHTTPSVERIFY|GIT_SSL_NO_VERIFY"
    r"|PYTHONWARNINGS|NODE_TLS_REJECT|--insecure|--no-check-certificate|StrictHostKeyChecking=no|verify=none"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060\ufeff]")
_LIKENESS = 0.75


def weakened(old: bytes, new: bytes, before: ast.Module | None, after: ast.Module) -> str:
    """Return what a fix makes less safe, in a few words; empty when nothing.

    Args:
        old: the file's bytes as they are.
        new: its bytes with the fix.
        before: the old text's tree; None when it does not parse: then each unsafe word must stand in the old text.
        after: the new text's tree.
    """
    text = new.decode("utf-8", "replace")
    if len(_BIDI.findall(text)) > len(_BIDI.findall(old.decode("utf-8", "replace"))):
        return "invisible characters are added"
    names = _imported(after)
    if before is None:
        squeezed = re.sub(r"\s+", "", old.decode("utf-8", "replace"))
        missing = [shown for shown, word in _hazards(after, names) if re.sub(r"\s+", "", word) not in squeezed]
        return f"{missing[0]} is added" if missing else ""
    known = {**names, **_imported(before)}  # an import that was missing brings nothing new with it
    was, now = Counter(_hazards(before, known)), Counter(_hazards(after, names))
    lost = _identifiers(before) - _identifiers(after) - _SAFE_NAMES - _UNSAFE_NAMES
    for shown, word in now - was:
        if not _is_slip(word, lost):
            return f"{shown} is added"
    gone = Counter(_safeguards(before)) - Counter(_safeguards(after))
    return f"{min(gone)} is taken away" if gone else ""


def _is_slip(word: str, lost: set[str]) -> bool:
    """Tell whether a name was only misspelt before: what it stands for is what its writer meant."""
    last = word.rpartition(".")[2]
    likeness = (difflib.SequenceMatcher(None, last, other).ratio() for other in lost)
    return last.isidentifier() and any(found >= _LIKENESS for found in likeness)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return local name to dotted name, for everything an import binds anywhere in the file."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({alias.asname: alias.name for alias in node.names if alias.asname})
            found.update({name: name for alias in node.names if (name := alias.name.partition(".")[0])})
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names})
    return found


def _dotted(node: ast.AST, names: Mapping[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ".".join(reversed(parts))
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def _hazards(tree: ast.Module, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield everything unsafe: how to call it, and the word of the source it hangs on."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            last = _dotted(node, names).rpartition(".")[2]
            if last in _UNSAFE_NAMES:
                yield f"`{last}`", last
        if isinstance(node, ast.Call):
            yield from _unsafe_call(node, names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _UNSAFE_TEXTS.search(node.value):
            yield f"the text {node.value[:40]!r}", node.value
        yield from ((f"`{name}={value}`", f"{name}") for name, value, safe in _switches(node) if not safe)


def _unsafe_call(node: ast.Call, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    dotted = _dotted(node.func, names)
    if dotted in _UNSAFE_CALLS:
        yield f"`{dotted}`", dotted.rpartition(".")[2] if isinstance(node.func, ast.Name) else dotted
    if dotted in _YAML_LOADS:
        given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "Loader")]
        if not any(_dotted(one, names).rpartition(".")[2] in _SAFE_NAMES for one in given):
            yield f"`{dotted}` without a safe loader", dotted


def _switches(node: ast.AST) -> Iterator[tuple[str, str, bool]]:
    """Yield the switches a node sets: name, value as written, and whether it is the safe one."""
    given: list[tuple[str, ast.expr | None]] = []
    if isinstance(node, ast.Call):
        given = [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        if _last(node.func) == "setattr" and len(node.args) == 3 and isinstance(node.args[1], ast.Constant):
            given.append((str(node.args[1].value), node.args[2]))
    elif isinstance(node, ast.Assign):
        given = [(_last(target), node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign):
        given = [(_last(node.target), node.value)]
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        given = [(str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        positional = [*node.args.posonlyargs, *node.args.args]
        defaults = list(zip(reversed(positional), reversed(node.args.defaults), strict=False))
        keywords = list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
        given = [(arg.arg, value) for arg, value in [*defaults, *keywords]]
    for name, value in given:
        yield from _switch(name, value)


def _switch(name: str, value: ast.expr | None) -> Iterator[tuple[str, str, bool]]:
    wanted = name.lower()
    if value is None or wanted not in _SAFE_WHEN_TRUE | _SAFE_WHEN_FALSE | _SAFE_OF_ITSELF:
        return
    if not isinstance(value, ast.Constant):
        return
    if wanted in _SAFE_OF_ITSELF:
        yield name, repr(value.value), bool(value.value)
    else:
        yield name, repr(value.value), bool(value.value) is (wanted in _SAFE_WHEN_TRUE)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _safeguards(tree: ast.Module) -> Iterator[str]:
    """Yield what makes a file safe, by the words it is written with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _SAFE_NAMES:
            yield f"`{node.attr}`"
        elif isinstance(node, ast.Name) and node.id in _SAFE_NAMES:
            yield f"`{node.id}`"
        yield from (f"`{name}={value}`" for name, value, safe in _switches(node) if safe)


def _identifiers(tree: ast.Module) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
