"""Whether green tests are owed to a fix, or to luck: the same tests are run again without it.

A test that passes without the change as well fails only sometimes, and nothing may be credited with its green.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Origin

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Fix
    from pytest_selfheal.repair.validate import RunResult

UNSTEADY_ROUNDS = 3
"""How often a test must fail without a fix and pass with it where one run of each says too little.

That is so for a test once seen to pass on a second try, and for a fix that has no tie to the error but the green tests.

Luck of one half gets through once in 64 times, instead of once in four.
"""

# What raises these does so each time the same line is reached with the same code.
_CERTAIN = frozenset({"SyntaxError", "ImportError", "NameError", "AttributeError", "TypeError", "Warning"})

Without = Callable[[Sequence[str]], "RunResult"]
"""Run these tests on the files as they are."""

With = Callable[["Fix", Sequence[str]], bool]
"""Tell whether these tests pass with a fix laid over the files."""


@dataclass(frozen=True)
class Credit:
    """Which fixes the green is owed to, which of the tests pass without any, and why no fix is left."""

    fixes: tuple[Fix, ...]
    lucky: tuple[str, ...] = ()
    reason: str = ""


def is_certain(failure: Failure, candidate: Candidate) -> bool:
    """Tell whether the error itself says what is wrong with the code, and the candidate answers just that.

    Then the green cannot be luck: the very line that raised is another one now.
    """
    told = candidate.specific and candidate.error_class is ErrorClass.API and candidate.origin is not Origin.AI
    kinds = {kind.rpartition(".")[2] for link in failure.chain for kind in (link.type_name, *link.mro)} | {
        failure.error_type.rpartition(".")[2]
    }
    return told and not _CERTAIN.isdisjoint(kinds)


def credit(fixes: Sequence[Fix], wanted: Sequence[str], *, without: Without, passes: With, rounds: int) -> Credit:
    """Take away the fixes whose green is luck.

    Args:
        fixes: what passed once.
        wanted: the tests that failed, node ids or files.
        without: runs tests on the files as they are.
        passes: runs tests with a fix.
        rounds: how often the tests must fail without a fix; with it they must pass as often, the first time included.
    """
    if not fixes:
        return Credit(())
    left, lucky = list(fixes), list[str]()
    for number in range(rounds):
        standing = [nodeid for nodeid in wanted if nodeid not in lucky]
        run = without(standing)
        if not run.complete:
            return Credit((), tuple(lucky), f"whether the tests fail without it could not be found out: {run.reason}")
        lucky += [nodeid for nodeid in standing if run.passed(nodeid)]
        standing = [nodeid for nodeid in standing if nodeid not in lucky]
        if not standing:
            return Credit((), tuple(lucky), "passes without any change as well")
        if number:
            left = [fix for fix in left if passes(fix, standing)]
        if not left:
            return Credit((), tuple(lucky), "passes with it only sometimes")
    return Credit(tuple(left), tuple(lucky))
