"""Escalations as SARIF 2.1.0, which code-scanning views of CI services read.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.safety.escape import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import ReviewEntry

MOST_RESULTS = 5000
"""GitHub shows so many results of one upload."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LONGEST = 1000


def sarif_document(entries: Sequence[ReviewEntry], failures: Sequence[FailureRecord], version: str) -> dict[str, Any]:
    """Return open escalations as results; one rule for each category of failure.

    Args:
        entries: of the review queue; only escalations are told, suggestions have a patch of their own.
        failures: to find the line in the test's file that failed.
        version: of this package.
    """
    told = [entry for entry in entries if entry.entry == "escalation" and entry.status == "open"][:MOST_RESULTS]
    places = {record.signature: record for record in reversed(failures)}
    categories = sorted({entry.failure_category.value for entry in told})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-selfheal",
                        "version": version,
                        "rules": [
                            {"id": f"selfheal/{name}", "shortDescription": {"text": f"a failure of kind {name}"}}
                            for name in categories
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(entry, places.get(entry.signature)) for entry in told],
            }
        ],
    }


def _result(entry: ReviewEntry, record: FailureRecord | None) -> dict[str, Any]:
    error = f"{entry.error_type.rpartition('.')[2]}: {entry.error_message}".partition("\n")[0]
    tests = ", ".join(entry.nodeids[:5]) + (f" and {len(entry.nodeids) - 5} more" if len(entry.nodeids) > 5 else "")
    text = visible(f"{error} ({entry.reason}) in {tests}")[:_LONGEST]
    path, line = _place(entry, record)
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(path), "uriBaseId": "%SRCROOT%"}}
    if line:
        location["region"] = {"startLine": line}
    return {
        "ruleId": f"selfheal/{entry.failure_category.value}",
        "level": "error",
        "message": {"text": text},
        "partialFingerprints": {"selfhealSignature": visible(entry.signature)},
        "locations": [{"physicalLocation": location}],
    }


def _place(entry: ReviewEntry, record: FailureRecord | None) -> tuple[str, int]:
    if record is not None and record.chain:
        own = [frame for frame in record.chain[0].frames if frame.in_app and not frame.path.startswith("/")]
        if own:
            return own[-1].path, max(own[-1].lineno, 0)
    return entry.nodeids[0].partition("::")[0] if entry.nodeids else ".", 0


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "backslashreplace"), safe="/")
