"""Policy: every threshold once, with its unit, its default and where the number comes from.

The settings live in `[tool.selfheal]` of `pyproject.toml`; environment variables (`SELFHEAL_` + the key in capitals)
override them, the command line overrides both. Unknown keys and unusable values are collected and reported together.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import ConfigError
from pytest_selfheal.errors import DataError
from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Category
from pytest_selfheal.model.words import Phase
from pytest_selfheal.model.words import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

P = TypeVar("P", bound=Value)

MODES = ("auto", "suggest", "record", "off")
_STORE = ".selfheal"
_DATABASES = ("postgresql", "sqlite")
TRUSTS = ("auto", "local", "trusted_ci", "collaborator", "untrusted")


@dataclass(frozen=True)
class Threshold(Value):
    """A pair of limits: at or above `warn` the gate warns, at or above `critical` it blocks."""

    warn: float
    critical: float


@dataclass(frozen=True)
class GatePolicy(Value):
    """`[tool.selfheal.gate]`. Rates are shares (0-1), durations seconds.

    The limits are the architecture document's "Alert Thresholds" (25/50 %, 10/20 %, 120/240 s). `min_samples` tests
    must have run before a rate may warn: at 20 a true rate of 5 % raises a false alarm in 0.3 % of runs.
    """

    failure_rate: Threshold = Threshold(0.25, 0.50)
    timeout_rate: Threshold = Threshold(0.10, 0.20)
    avg_duration_s: Threshold = Threshold(120.0, 240.0)
    min_samples: int = 20
    min_duration_samples: int = 5


@dataclass(frozen=True)
class RuleSetting(Value):
    """`[tool.selfheal.rules.NAME]`: one rule of the project's own, tried before the built-in ones.

    All conditions given must hold, and at least one must be given.

    Attributes:
        category: what such a failure is.
        types: fully-qualified class names, `*` stands for anything; the exception or one of its bases must match.
        message: regular expression searched in the message, ignoring case.
        facts: fact name (`http_status`, `errno_name`, `sqlstate`, ...) to the values allowed.
        phases: `collect`, `setup`, `call`, `teardown`; empty means any.
        severity: instead of the severity of the category.
        confidence: probability that the rule is right.
    """

    category: Category
    types: tuple[str, ...] = ()
    message: str = ""
    facts: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    severity: Severity | None = None
    confidence: float = 0.95


@dataclass(frozen=True)
class Policy(Value):
    """`[tool.selfheal]`: everything that can be set, with its default.

    Attributes:
        mode: `auto`, `suggest` (never writes code), `record` (observe only) or `off`.
        store: folder of the JSON store, relative to the root directory and inside it; or a connection string, which
            is kept in `store_url`.
        store_url: connection string of a shared database; its records pass through the folder `.selfheal/spool`.
        attempts: tries of a transiently failing test, the first included ("Exponential Backoff": 3).
        retry_base_s: backoff before try n+1 is `min(retry_base_s * 2**n, retry_cap_s)`.
        retry_cap_s: upper limit of one backoff, seconds.
        retry_jitter: draw the wait uniformly from zero to the backoff ("full jitter").
        retry_after_cap_s: a service or test that asks to wait longer is not waited for, seconds.
        retry_budget_s: seconds one process may spend waiting in one run; then failures are reported at once.
        retry_budget_share: share of a run's tests that may be retried; 100 tests always may.
        storm_failures: after so many retries failed with one outage key and none recovered, that key is not retried.
        storm_pause_s: how long it is not; then one probe decides.
        timeout_s: hard limit of one try of one test when the user set none through pytest-timeout; 0 sets none
            ("Timeout Handling": 300).
        accept_fixes: let the run pass when every remaining failure was fixed by an applied fix.
        fail_on_healed: a test that passed only on a retry fails the run.
        apply_confidence: lower bound for acting alone ("auto-apply": 0.75).
        suggest_confidence: lower bound for suggesting one fix ("suggest": 0.70).
        repair_budget_s: seconds the repair of one run may take.
        validation_timeout_s: seconds one validation run may take before it is killed.
        fix_rounds: how many errors hidden behind each other may be fixed in a row.
        edit_roots: folders whose files may be edited, relative to the root; empty means the whole project.
        occurrences: runs with one error signature before a regression test is written ("3+").
        window_days: the window for `occurrences` ("in 7 days").
        regression_dir: folder for generated regression tests, relative to the root.
        trust: who started the run; `auto` decides from the CI environment.
        retention_days: raw records older than this are dropped when the store is compacted.
        rules: rules of the project's own for what its failures are, by name.
        gate: thresholds of `selfheal gate`.
    """

    mode: str = "auto"
    store: str = _STORE
    store_url: str = field(default="", repr=False)
    attempts: int = 3
    retry_base_s: float = 1.0
    retry_cap_s: float = 10.0
    retry_jitter: bool = True
    retry_after_cap_s: float = 60.0
    retry_budget_s: float = 300.0
    retry_budget_share: float = 0.2
    storm_failures: int = 5
    storm_pause_s: float = 60.0
    timeout_s: float = 300.0
    accept_fixes: bool = False
    fail_on_healed: bool = False
    apply_confidence: float = 0.75
    suggest_confidence: float = 0.70
    repair_budget_s: float = 120.0
    validation_timeout_s: float = 120.0
    fix_rounds: int = 5
    edit_roots: tuple[str, ...] = ()
    occurrences: int = 3
    window_days: float = 7.0
    regression_dir: str = "tests/regressions"
    trust: str = "auto"
    retention_days: int = 90
    rules: dict[str, RuleSetting] = field(default_factory=dict)
    gate: GatePolicy = field(default_factory=GatePolicy)


_ALLOWED: dict[str, tuple[str, ...]] = {"mode": MODES, "trust": TRUSTS}
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_SHARES = {"apply_confidence", "suggest_confidence", "retry_budget_share"}
_AT_LEAST_ONE = {"attempts", "occurrences", "fix_rounds", "storm_failures", "min_samples", "min_duration_samples"}


def read_policy(
    pyproject: Path | None, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> Policy:
    """Return the policy from `pyproject` (may be None or lack our table), the environment and the command line.

    Args:
        pyproject: the project's `pyproject.toml`.
        environ: environment variables; `SELFHEAL_MODE=suggest` sets `mode`, and so on for every scalar key.
        overrides: values from the command line by key; None means "not given".

    Raises:
        ConfigError: with every problem found, each naming key, value and what is allowed.
    """
    table = _table(pyproject)
    where = f"{pyproject} [tool.selfheal]" if pyproject else "[tool.selfheal]"
    problems: list[str] = []
    policy = _read(Policy(), table, "", problems)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    from_env = _from_environment(environ, problems)
    policy = _read(policy, {**from_env, **given}, "", problems)
    if "://" in policy.store:
        policy = replace(policy, store=_STORE, store_url=policy.store_url or policy.store)
    if problem := _store_problem(policy, pyproject):
        problems.append(problem)
    if policy.suggest_confidence > policy.apply_confidence:
        problems.append(
            f"suggest_confidence = {policy.suggest_confidence} must not be above "
            f"apply_confidence = {policy.apply_confidence}"
        )
    if problems:
        raise ConfigError(tuple(problems), where=where)
    return policy


def _store_problem(policy: Policy, pyproject: Path | None) -> str:
    """Return what is wrong with where records are to be kept; a connection string is never repeated: it has secrets."""
    if policy.store_url and policy.store_url.partition("://")[0].partition("+")[0] not in _DATABASES:
        return f"the connection string of the store must begin with one of {', '.join(_DATABASES)}"
    root = os.fspath(pyproject.absolute().parent) if pyproject else os.getcwd()  # noqa: PTH109 - Path is loaded by few
    way = os.path.relpath(os.path.join(root, policy.store), root)  # noqa: PTH118 - without following links, unlike Path
    outside = way == os.pardir or way.startswith(os.pardir + os.sep)
    if outside or not policy.store:
        return f"store = {policy.store!r} must be a folder inside the project; a shared store is set by store_url"
    return ""


def _table(pyproject: Path | None) -> Mapping[str, Any]:
    if pyproject is None:
        return {}
    try:
        text = pyproject.read_bytes()
    except OSError:
        return {}
    if b"selfheal" not in text:
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"not valid TOML: {error}",), where=str(pyproject)) from error
    table = data.get("tool", {}).get("selfheal", {})
    if not isinstance(table, dict):
        raise ConfigError((f"tool.selfheal must be a table, not {table!r}",), where=str(pyproject))
    return table


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    defaults = Policy()
    for item in fields(Policy):
        text = environ.get("SELFHEAL_" + item.name.upper())
        if text is None or item.name in {"gate", "rules"}:
            continue
        try:
            found[item.name] = _parse(text, getattr(defaults, item.name))
        except ValueError:
            kind = type(getattr(defaults, item.name)).__name__
            problems.append(f"SELFHEAL_{item.name.upper()} = {text!r} is not a {kind}")
    return found


def _parse(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        try:
            return words[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None
    if isinstance(default, int):
        return int(text)
    if isinstance(default, float):
        return float(text)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _read(base: P, table: Mapping[str, Any], prefix: str, problems: list[str]) -> P:
    changes: dict[str, Any] = {}
    names = [item.name for item in fields(base)]  # type: ignore[arg-type]
    for key, value in table.items():
        label = f"{prefix}{key}"
        if key not in names:
            problems.append(f"unknown key {label!r}{_did_you_mean(key, names)}")
            continue
        default = getattr(base, key)
        if isinstance(default, dict):
            changes[key] = _rules(value, f"{label}.", problems)
            continue
        if isinstance(default, Value):
            if isinstance(value, dict):
                changes[key] = _read(default, value, f"{label}.", problems)
            else:
                problems.append(f"{label} = {value!r} must be a table with {_names(default)}")
            continue
        problem = _problem(key, label, value, default)
        if problem:
            problems.append(problem)
        else:
            changes[key] = _converted(value, default)
    changed = replace(base, **changes)  # type: ignore[type-var]
    if isinstance(changed, Threshold) and changed.warn > changed.critical:
        problems.append(f"{prefix}warn = {changed.warn} must not be above {prefix}critical = {changed.critical}")
    return changed


def _rules(table: Any, prefix: str, problems: list[str]) -> dict[str, RuleSetting]:
    rules: dict[str, RuleSetting] = {}
    if not isinstance(table, dict):
        problems.append(f"{prefix[:-1]} = {table!r} must be a table with one table for each rule")
        return rules
    names = [item.name for item in fields(RuleSetting)]
    for name, given in table.items():
        keys = given if isinstance(given, dict) else ()
        found = [f"unknown key {prefix}{name}.{key}{_did_you_mean(key, names)}" for key in keys if key not in names]
        try:
            rules[name] = RuleSetting.from_dict(given)
            found += _rule_problems(rules[name], f"{prefix}{name}")
        except DataError as error:
            found.append(f"{prefix}{name}: {error.where or ''} {error.what}")
        problems.extend(found)
    return rules


def _rule_problems(rule: RuleSetting, label: str) -> list[str]:
    found = []
    if not (rule.types or rule.message or rule.facts):
        found.append(f"{label} needs at least one of types, message, facts: it would match every failure")
    if not 0 <= rule.confidence <= 1:
        found.append(f"{label}.confidence = {rule.confidence!r} must be between 0 and 1")
    try:
        re.compile(rule.message)
    except re.error as error:
        found.append(f"{label}.message = {rule.message!r} is not a regular expression: {error}")
    return found


def _problem(key: str, label: str, value: Any, default: Any) -> str:
    if isinstance(default, tuple):
        fits = isinstance(value, list) and all(isinstance(part, str) for part in value)
        return "" if fits else f"{label} = {value!r} must be a list of strings"
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else f"{label} = {value!r} must be true or false"
    if isinstance(default, (int, float)):
        return _number_problem(key, label, value, default)
    if not isinstance(value, str):
        return f"{label} = {value!r} must be a string"
    allowed = _ALLOWED.get(key)
    if allowed and value not in allowed:
        return f"{label} = {value!r} must be one of {', '.join(allowed)}{_did_you_mean(value, allowed)}"
    return ""


def _number_problem(key: str, label: str, value: Any, default: float) -> str:
    whole = isinstance(default, int)
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        return f"{label} = {value!r} must be a {'whole number' if whole else 'number'}"
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN is not equal to itself
        return f"{label} = {value!r} must be a finite number"
    if key in _SHARES and not 0 <= value <= 1:
        return f"{label} = {value!r} must be between 0 and 1"
    if key in _AT_LEAST_ONE and value < 1:
        return f"{label} = {value!r} must be at least 1"
    return "" if value >= 0 else f"{label} = {value!r} must not be negative"


def _converted(value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(value)
    return float(value) if isinstance(default, float) else value


def _names(value: Any) -> str:
    return ", ".join(item.name for item in fields(value))


def _did_you_mean(word: str, known: Any) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
