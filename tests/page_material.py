"""Material for pages: a full one, and one in which every text attacks."""

from __future__ import annotations

from dataclasses import fields
from dataclasses import is_dataclass
from dataclasses import replace
from enum import Enum

from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import Category
from pytest_selfheal.model import Edit
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Health
from pytest_selfheal.model import Metric
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Pattern
from pytest_selfheal.model import PatternResult
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity
from pytest_selfheal.report.html.material import Material

PAYLOADS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "'\"><svg onload=window.pwned=1>",
    "</title></style></pre></script><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    "&lt;script&gt;",
)
TRACE = "tests/test_orders.py:12: in test_order\n    total(order)\nsrc/orders.py:40: KeyError"
DIFF = (
    "--- a/src/orders.py\n+++ b/src/orders.py\n@@ -1,2 +1,3 @@\n"
    "+import json\n def total(order):\n-    x = 1\n+    x = 2\n"
)
STRATEGY = {"fixer": "imports", "prior": [16.0, 4.0], "origin": "builtin"}


def moment(number):
    """A time, later for a greater number."""
    return f"2026-11-{1 + number // 24:02}T{number % 24:02}:00:00.000Z"


def failure(number, nodeid, outcome, **changes):
    """One record in run `number`."""
    record = FailureRecord(
        id=f"{number}-{nodeid}",
        updated_at=moment(number),
        run_id=f"run-{number}",
        nodeid=nodeid,
        phase=Phase.CALL,
        error_type="builtins.KeyError",
        error_message="'name'\nand a second line",
        failure_category=Category.UNKNOWN,
        severity=Severity.MEDIUM,
        confidence=0.3,
        signature=f"v1:{nodeid}",
        outage_key="",
        rule="builtin",
        outcome=outcome,
        created_at=moment(number),
        duration_s=0.2,
        stack_trace=TRACE,
        evidence=("no rule knows it",),
        attempts=(Attempt(1, Category.TRANSIENT, "v1:a", "ConnectionError", "refused", 0.1, 1.2),),
    )
    return replace(record, **changes)


def candidate(number):
    """One option of the queue."""
    patch = Patch((Edit("src/orders.py", 0, 0, "", "import json\n"),), {"src/orders.py": "0" * 64})
    return Candidate(
        f"candidate-{number}",
        "imports",
        Origin.BUILTIN,
        "import json",
        patch,
        0.9,
        ErrorClass.API,
        learned=True,
        evidence=("the only json of the project",),
    )


def entry(kind, candidates):
    """One entry of the queue."""
    return ReviewEntry(
        id=f"v1:{kind}",
        updated_at=moment(40),
        run_id="run-40",
        entry=kind,
        status="open",
        signature=f"v1:{kind}",
        failure_category=Category.MISSING_IMPORT,
        error_type="builtins.NameError",
        error_message="name 'json' is not defined",
        nodeids=("tests/test_orders.py::test_order", "tests/test_orders.py::test_other"),
        reason="mode suggest never writes code",
        candidates=candidates,
        notes=("import simplejson: the tests do not pass with it",),
        stack_trace=TRACE,
        created_at=moment(40),
    )


def full_material():
    """Forty runs in which everything happened."""
    names = [
        f"tests/test_{area}.py::test_case[{number}]" for area in ("orders", "mail", "rates") for number in range(4)
    ]
    last = [failure(40, name, Outcome.FAILED) for name in names[:9]]
    last[1] = replace(last[1], error_type="app.errors.Mail", outcome=Outcome.ESCALATED)
    healed = [failure(40, name, Outcome.HEALED, failure_category=Category.TRANSIENT) for name in names[9:]]
    older = [
        failure(number, names[number % 5], Outcome.HEALED if number % 3 else Outcome.FAILED)
        for number in range(39, 0, -1)
    ]
    runs = [
        RunRecord(
            f"run-{number}",
            moment(number),
            moment(number),
            complete=number != 20,
            passed=300,
            failed=9 if number == 40 else 1,
            healed=3,
            skipped=2,
            duration_s=61.0 + number,
        )
        for number in range(40, 0, -1)
    ]
    events = [
        HealingEvent(
            "e1", moment(40), "run-40", "fix", "ok", "v1:a", (names[0],), "import json", "fix-1", 2.0, moment(40)
        ),
        HealingEvent(
            "e2", moment(39), "run-39", "fix", "failed", "v1:b", (), "rename a to b", "fix-2", 2.0, moment(39)
        ),
        HealingEvent(
            "e3", moment(38), "run-38", "accept", "refused", "v1:c", (), "rejected by a person", "v1:c", 0.0, moment(38)
        ),
        HealingEvent("e4", moment(37), "", "undo", "ok", "", (), "src/orders.py", "fix-0", 0.0, moment(37)),
    ]
    results = [
        PatternResult(
            f"r{number}",
            moment(number),
            "imports@0.80",
            "api:NameError",
            STRATEGY,
            number % 4 != 0,
            "run",
            moment(number),
        )
        for number in range(1, 20)
    ]
    pattern = Pattern("imports@0.80", "api:NameError", STRATEGY, 15, 4, 31 / 39, moment(19), moment(1), learned=True)
    generated = GeneratedTest(
        "v1:g",
        moment(30),
        "test_regression",
        "regression",
        "orders are added up",
        {},
        "f1",
        0.75,
        "tests/regressions/test_regression_1.py",
        names[0],
        "0" * 64,
        moment(30),
    )
    metrics = (
        Metric("failure rate", 0.3, 1000, 300.0, "share", "warning", 0.25, 0.5, 20),
        Metric("timeout rate", 0.6, 1000, 600.0, "share", "critical", 0.1, 0.2, 20),
        Metric("mean recovery duration", None, 3, 9.0, "seconds", "insufficient data", 120.0, 240.0, 5),
        Metric("auto-fix success", 0.9, 50, 45.0, "share", "ok", minimum=20),
        Metric("mean recovery time", 75.0, 30, 2250.0, "seconds", minimum=20),
        Metric("healed by retry", 12.0, 40, 12.0, "tests"),
        Metric("patterns learned per week", 4 / 3, 21, 4.0, "per week", minimum=7),
    )
    return Material(
        project="shop",
        made_at=moment(41),
        version="1.0",
        health=Health("degraded", moment(1), moment(41), 39, metrics),
        runs=runs,
        failures=[*last, *healed, *older],
        events=events,
        reviews=[
            entry("suggestion", (candidate(1),)),
            entry("options", (candidate(1), candidate(2))),
            entry("escalation", ()),
        ],
        patterns=[pattern],
        results=results,
        generated=[generated],
        diffs={"fix-1": DIFF, "candidate-1": DIFF, "candidate-2": DIFF},
        notices=("the log has a hole",),
    )


def hostile_material():
    """The same with a payload in every text that is no word of ours: they take turns."""
    turns = iter(range(1 << 30))

    def attack(value, name=""):
        if name in _OURS or isinstance(value, (Enum, bool, int, float)):
            return value
        if isinstance(value, str):
            return value + PAYLOADS[next(turns) % len(PAYLOADS)] if value else value
        if isinstance(value, (tuple, list)):
            return type(value)(attack(item) for item in value)
        if is_dataclass(value):
            return replace(value, **{one.name: attack(getattr(value, one.name), one.name) for one in fields(value)})
        return value

    hostile = attack(full_material())
    diffs = dict.fromkeys(
        hostile.diffs, f"--- a/{PAYLOADS[0]}\n+++ {PAYLOADS[1]}\n@@\n+{PAYLOADS[2]}\n-{PAYLOADS[3]}\n"
    )
    return replace(hostile, diffs=diffs)


_OURS = {
    "diffs",
    "id",
    "run_id",
    "ref",
    "status",
    "result",
    "action",
    "updated_at",
    "created_at",
    "started_at",
    "last_used_at",
    "made_at",
    "since",
    "until",
    "unit",
    "entry",
    "patch",
    "signature",
    "pattern_name",
    "error_signature",
}
"""Words that this package chooses itself, and keys by which records find each other."""
