"""What the caller expects of the value, in one shape: does it fit, and what is made of it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

_JSON_TYPES = (dict, list, str, int, float, bool)
_NESTED_DEPTH = 3
# What a predicate or a validator raises about a value of another shape; anything else is a bug and goes through.
_MISFIT = (ValueError, TypeError, LookupError, AttributeError)


class Expectation:
    """A check of values, and a conversion for those that fit.

    Args:
        fits: whether a value is what the caller wants.
        convert: what the caller gets for a value that fits.
    """

    def __init__(self, fits: Callable[[Any], bool], convert: Callable[[Any], Any] | None = None) -> None:
        self._fits = fits
        self.convert: Callable[[Any], Any] = convert or _as_it_is

    def fits(self, value: Any) -> bool:
        """Return whether `value` fits; a check that cannot cope with its shape says no."""
        try:
            return bool(self._fits(value))
        except _MISFIT:
            return False

    def inside(self, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield the outermost containers inside `value`, at most three levels down, that fit, each with its path."""
        waiting: list[tuple[str, Any, int]] = [("$", value, 0)]
        while waiting:
            path, item, depth = waiting.pop()
            if isinstance(item, dict):
                below = [(f"{path}.{key}", child) for key, child in item.items()]
            else:
                below = [(f"{path}[{index}]", child) for index, child in enumerate(item)]
            for name, child in below:
                if not isinstance(child, (dict, list)):
                    continue
                if self.fits(child):
                    yield name, child
                elif depth + 1 < _NESTED_DEPTH:
                    waiting.append((name, child, depth + 1))


def _as_it_is(value: Any) -> Any:
    return value


def expectation(expect: Any) -> Expectation | None:
    """Return `expect` as an Expectation.

    Args:
        expect: None; the keys an object must have (list, tuple or set of str); a JSON type; a predicate; a JSON schema
            (dict); a pydantic model or TypeAdapter, or any annotation pydantic understands.

    Raises:
        UsageError: it is none of these, or the library it needs is not installed.
    """
    if expect is None or isinstance(expect, Expectation):
        return expect
    if isinstance(expect, dict):
        return _schema(expect)
    if isinstance(expect, (list, tuple, set, frozenset)):
        return _keys(expect)
    if isinstance(expect, type) and expect in _JSON_TYPES:
        return Expectation(lambda value: _is_json_type(value, expect))
    for method in ("model_validate", "validate_python"):
        if hasattr(expect, method):
            return _validated(getattr(expect, method))
    if isinstance(expect, type) or hasattr(expect, "__origin__") or hasattr(expect, "__args__"):
        return _validated(_adapter(expect))
    if callable(expect):
        return Expectation(expect)
    raise UsageError(f"expect={expect!r} is no keys, type, predicate, JSON schema or pydantic type", where="parse_json")


def _keys(expect: Any) -> Expectation:
    wanted = frozenset(expect)
    if not wanted or not all(isinstance(key, str) for key in wanted):
        raise UsageError("the keys in expect= must be strings, at least one", where="parse_json")
    return Expectation(lambda value: isinstance(value, dict) and wanted <= value.keys())


def _is_json_type(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted) or (wanted is float and isinstance(value, int))


def _schema(schema: dict[str, Any]) -> Expectation:
    try:
        import jsonschema
    except ImportError:
        raise UsageError(
            "a JSON schema was given, but jsonschema is not installed",
            where="parse_json",
            todo="pip install jsonschema, or give the keys, a type or a predicate",
        ) from None
    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise UsageError(f"the JSON schema is not valid: {error.message}", where="parse_json") from None
    return Expectation(kind(schema).is_valid)


def _adapter(annotation: Any) -> Callable[[Any], Any]:
    try:
        import pydantic
    except ImportError:
        raise UsageError(
            f"expect={annotation!r} needs pydantic, which is not installed",
            where="parse_json",
            todo="pip install pydantic, or give the keys, a type or a predicate",
        ) from None
    validate: Callable[[Any], Any] = pydantic.TypeAdapter(annotation).validate_python
    return validate


def _validated(validate: Callable[[Any], Any]) -> Expectation:
    def fits(value: Any) -> bool:
        validate(value)  # raises a ValueError when it does not fit
        return True

    return Expectation(fits, validate)
