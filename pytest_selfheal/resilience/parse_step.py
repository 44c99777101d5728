"""From the `parse` argument of a guard to the step that reads an answer.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


class IncompleteAnswerError(SelfHealError, ValueError):
    """An answer that ends in the middle; the guard asks again."""


def parse_step(parse: Any) -> Callable[[Any], Any] | None:
    """Return what turns an answer into the value a test gets; None when the answer is that value.

    Args:
        parse: None or False for no step; True for any JSON; a function or other callable object, which is the step
            itself; anything else - a class, a JSON schema, keys, a pydantic model or TypeAdapter - is what `parse_json`
            is to `expect`.
    """
    if parse is None or parse is False:
        return None
    if parse is True:
        return partial(_parse_text, expect=None)
    if callable(parse) and not isinstance(parse, type):
        return parse  # type: ignore[no-any-return]  # callable, as was just seen
    return partial(_parse_text, expect=parse)


def _parse_text(answer: Any, *, expect: Any) -> Any:
    from pytest_selfheal import resilience

    if isinstance(answer, (bytes, bytearray)):
        answer = bytes(answer).decode("utf-8", "replace")
    if not isinstance(answer, str):
        raise UsageError(
            f"the answer to parse is a {type(answer).__name__}, not text",
            todo="return the text of the answer, or give `parse` a function that takes it out",
        )
    recover: Callable[..., Any] = getattr(resilience, "parse_json_detailed")  # noqa: B009 - a lazy name
    recovered = recover(answer, expect=expect)
    if recovered.error is not None:
        raise recovered.error
    if not recovered.complete:
        # Half an answer that happens to fit would make a test judge something that nobody said.
        raise IncompleteAnswerError(
            f"the answer was cut after {len(answer)} characters", todo="raise the limit of tokens of the request"
        )
    return recovered.value
