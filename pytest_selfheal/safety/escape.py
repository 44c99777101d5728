"""Make foreign text harmless where it is shown: terminal, log, Markdown, XML, HTML, Python source, CI commands.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import Any

# C0 and C1 controls, line and paragraph separators, bidirectional marks, zero-width and tag characters, surrogates.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_XML_NAMES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_XML_SPECIAL = re.compile("[&<>\"']")
_BACKTICKS = re.compile("`+")


def visible(text: str, *, keep: str = "") -> str:
    r"""Return `text` with every character that acts instead of showing written out, as `\x1b` or `\u202e`.

    `keep` lists control characters that stay, such as a newline.
    """
    return _HIDDEN.sub(lambda match: match[0] if match[0] in keep else _written_out(match[0]), text)


def terminal_line(text: str) -> str:
    """Return `text` as one line that is safe for a terminal and for a CI log.

    Runners take `##[command]` anywhere in a line and `::command::` after leading blanks (actions/runner,
    ActionCommand.cs); both are broken with a backslash.
    """
    line = visible(text).replace("##[", "##\\[")
    stripped = line.lstrip()
    if stripped.startswith("::"):
        return f"{line[: len(line) - len(stripped)]}\\{stripped}"
    return line


def code_span(text: str, limit: int = 200) -> str:
    """Return `text` as one Markdown code span of at most `limit` characters of content, safe in a table cell.

    Inside a code span nothing is a link, a mention or HTML; the fence is longer than any run of backticks in the text.
    """
    content = visible(text).replace("|", "\u00a6")
    if len(content) > limit:
        content = content[: limit - 1] + "\u2026"
    if not content.strip(" "):
        content = "(empty)"
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(content)), default=0) + 1)
    pad = " " if content[0] in "` " or content[-1] in "` " else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def xml_text(text: str) -> str:
    """Return `text` for an XML 1.0 element or attribute; characters that XML cannot hold are written out."""
    shown = _NOT_XML.sub(lambda match: _written_out(match[0]), text)
    return _XML_SPECIAL.sub(lambda match: _XML_NAMES[match[0]], shown)


def html_text(text: str) -> str:
    """Return `text` for HTML, as content of an element or as a quoted attribute, safe in both.

    Characters that act instead of showing (bidirectional marks, zero-width ones, surrogates, controls) are written out;
    newlines and tabs stay.
    """
    return _XML_SPECIAL.sub(lambda match: _XML_NAMES[match[0]], visible(text, keep="\n\t"))


def python_literal(value: Any) -> str:
    """Return Python source, pure ASCII and on one line, that evaluates to an equal value.

    Args:
        value: plain data: None, bool, int, float, str, bytes, and lists, tuples and dicts of those.

    Raises:
        TypeError: for anything else, because its `repr` is not ours.
    """
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        inner = ", ".join(python_literal(item) for item in value)
        if type(value) is list:
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value) is dict:
        return "{" + ", ".join(f"{python_literal(key)}: {python_literal(item)}" for key, item in value.items()) + "}"
    if type(value) is float and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return f"float({str(value)!r})"
    if type(value) is int and value.bit_length() > 10_000:
        return hex(value)  # the interpreter refuses decimal literals of more than 4,300 digits
    if value is None or type(value) in (bool, int, float, str, bytes):
        return ascii(value)
    raise TypeError(f"no literal for {type(value).__name__}")


def workflow_data(text: str) -> str:
    """Return `text` as the data of a GitHub workflow command: `::error::DATA`."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return visible(escaped)


def workflow_property(text: str) -> str:
    """Return `text` as a property of a GitHub workflow command: `::error file=PROPERTY::`."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")


def _written_out(character: str) -> str:
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
