"""The last resort, only on request: json-repair on one damaged region, in a process that can be killed, then checked.

Used bare the library strips line breaks at the end of strings (a diff no longer applies), drops values and can run for
minutes; so its answer is taken only when every character that carries content is still there, in order.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from pytest_selfheal.resilience.json_recovery.grammar import BLANK

_CHILD = (
    "import json, sys, json_repair\n"
    "text = json.loads(sys.stdin.read())\n"
    "sys.stdout.write(json.dumps(json_repair.loads(text, skip_json_loads=True)))\n"
)
_STRUCTURE = str.maketrans("", "", "{}[]()\",:'\\`\u201c\u201d\u201e\u2018\u2019+;=> \t\r\n" + BLANK)
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORT_ESCAPE = re.compile(r"\\[nrtbf]")
_NEWLINE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\){0,50}\\n")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*|(?<![\w\"])#[^\n]*", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null", "NULL": "null", "TRUE": "true", "FALSE": "false"}
_WORD = re.compile(r"\b(?:" + "|".join(_WORDS) + r")\b")


def repair_with_library(text: str, seconds: float) -> Any:
    """Return what json-repair makes of `text`, or None when it fails, takes too long or loses content."""
    import subprocess

    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=json.dumps(text),
            capture_output=True,
            text=True,
            encoding="ascii",
            timeout=seconds,
            check=False,
        )
        value = json.loads(child.stdout) if child.returncode == 0 else None
    except (subprocess.TimeoutExpired, OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) and is_conserved(text, value) else None


def is_conserved(text: str, value: Any) -> bool:
    """Whether all content of `text` is still in `value`, in order, and no line break was lost."""
    written = json.dumps(value, ensure_ascii=False)
    kept = _content(written)
    if _content(text) != kept and _content(_COMMENT.sub("", text)) != kept:
        return False
    return _line_breaks(value) >= len(_NEWLINE_ESCAPE.findall(text))


def _content(text: str) -> str:
    text = _UNICODE.sub(lambda found: chr(int(found.group(1), 16)), text)
    text = _WORD.sub(lambda found: _WORDS[found.group()], _SHORT_ESCAPE.sub("", text))
    return text.translate(_STRUCTURE)


def _line_breaks(value: Any) -> int:
    waiting, count = [value], 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str):
            count += item.count("\n")
    return count
