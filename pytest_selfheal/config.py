"""Reads the policy: from `pyproject.toml`, the environment and the command line.

The settings live in `[tool.selfheal]` of `pyproject.toml`; environment variables (`SELFHEAL_` + the key in capitals)
override them, the command line overrides both. Unknown keys and unusable values are collected and reported together.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import fields
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.ai_settings import PROVIDERS
from pytest_selfheal.ai_settings import ai_problems
from pytest_selfheal.errors import ConfigError
from pytest_selfheal.errors import DataError
from pytest_selfheal.gate_policy import GATE_WORDS
from pytest_selfheal.gate_policy import AlertPolicy
from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.gate_policy import Threshold
from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Category
from pytest_selfheal.policy import AUTO_GATES
from pytest_selfheal.policy import MODES
from pytest_selfheal.policy import STORE
from pytest_selfheal.policy import TRUSTS
from pytest_selfheal.policy import Policy
from pytest_selfheal.policy import RuleSetting
from pytest_selfheal.rewrite_settings import rewrite_rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "MODES",
    "TRUSTS",
    "AlertPolicy",
    "GatePolicy",
    "Policy",
    "RuleSetting",
    "Threshold",
    "policy_from",
    "read_policy",
    "tool_tables",
]

P = TypeVar("P", bound=Value)

_DATABASES = ("postgresql", "sqlite")

_ALLOWED: dict[str, tuple[str, ...]] = {
    "mode": MODES,
    "trust": TRUSTS,
    "auto_gate": AUTO_GATES,
    "ai.provider": PROVIDERS,
    **GATE_WORDS,
    "no_regression_for": tuple(category.value for category in Category),
}
_SHARES = {"apply_confidence", "suggest_confidence", "retry_budget_share", "fix_success", "escalation_rate"}
_AT_LEAST_ONE = {"attempts", "occurrences", "fix_rounds", "storm_failures", "min_samples", "min_duration_samples"} | {
    "flaky_min_runs",
    "baseline_runs",
}


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
    data = b""
    if pyproject is not None:
        try:
            data = pyproject.read_bytes()
        except OSError:
            data = b""
    root = os.fspath(pyproject.absolute().parent) if pyproject else ""
    return policy_from(data, environ, overrides, where=str(pyproject) if pyproject else "", root=root)


def policy_from(
    pyproject: bytes,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    *,
    where: str = "",
    root: str = "",
) -> Policy:
    """Return the policy from the content of a `pyproject.toml`, such as that of another commit; else as `read_policy`.

    Args:
        pyproject: the content; empty when there is none.
        environ: environment variables.
        overrides: values from the command line by key.
        where: how to name the file in messages.
        root: the project's folder; empty is the current one.

    Raises:
        ConfigError: as `read_policy`.
    """
    table = tool_tables(pyproject, where).get("selfheal", {})
    if not isinstance(table, dict):
        raise ConfigError((f"tool.selfheal must be a table, not {table!r}",), where=where)
    where = f"{where} [tool.selfheal]".lstrip()
    problems: list[str] = []
    policy = _read(Policy(), table, "", problems)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    from_env = _from_environment(environ, problems)
    policy = _read(policy, {**from_env, **given}, "", problems)
    if "://" in policy.store:
        policy = replace(policy, store=STORE, store_url=policy.store_url or policy.store)
    if problem := _store_problem(policy, root or os.getcwd()):  # noqa: PTH109 - Path is loaded by few
        problems.append(problem)
    if policy.suggest_confidence > policy.apply_confidence:
        problems.append(
            f"suggest_confidence = {policy.suggest_confidence} must not be above "
            f"apply_confidence = {policy.apply_confidence}"
        )
    problems += ai_problems(policy.ai)
    if problems:
        raise ConfigError(tuple(problems), where=where)
    return policy


def _store_problem(policy: Policy, root: str) -> str:
    """Return what is wrong with where records are to be kept; a connection string is never repeated: it has secrets."""
    if policy.store_url and policy.store_url.partition("://")[0].partition("+")[0] not in _DATABASES:
        return f"the connection string of the store must begin with one of {', '.join(_DATABASES)}"
    way = os.path.relpath(os.path.join(root, policy.store), root)  # noqa: PTH118 - without following links, unlike Path
    outside = way == os.pardir or way.startswith(os.pardir + os.sep)
    if outside or not policy.store:
        return f"store = {policy.store!r} must be a folder inside the project; a shared store is set by store_url"
    return ""


def tool_tables(pyproject: bytes, where: str = "") -> Mapping[str, Any]:
    """Return what stands under `[tool]`; empty, and not even parsed, when nothing of ours is in the file.

    Raises:
        ConfigError: it is no TOML.
    """
    if b"selfheal" not in pyproject:
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data = tomllib.loads(pyproject.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"not valid TOML: {error}",), where=where) from error
    tables = data.get("tool", {})
    return tables if isinstance(tables, dict) else {}


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    defaults = Policy()
    for item in fields(Policy):
        text = environ.get("SELFHEAL_" + item.name.upper())
        if text is None or item.name in {"gate", "rules", "rewrite", "ai", "alerts"}:
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
        if label == "rewrite":
            changes[key] = rewrite_rules(value, label, problems)
            continue
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
        if not fits:
            return f"{label} = {value!r} must be a list of strings"
        unknown = [word for word in value if word not in _ALLOWED.get(key, value)]
        return f"{label}: {unknown[0]!r} is unknown{_did_you_mean(unknown[0], _ALLOWED[key])}" if unknown else ""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else f"{label} = {value!r} must be true or false"
    if isinstance(default, (int, float)):
        return _number_problem(key, label, value, default)
    if not isinstance(value, str):
        return f"{label} = {value!r} must be a string"
    allowed = _ALLOWED.get(label)
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
