"""Does a learned pattern's confidence mean what it says? Random histories of successes and failures, replayed.

    python benchmarks/calibration.py [--histories 200] [--seeds 20] [--check]

Half of the patterns are of the API class, their true success rates drawn as measured (Beta(9, 1)); half of the value
class, drawn evenly. Printed are the expected calibration error (ten bins), how often a pattern with a true rate below
0.6 might have acted alone at any time after ten uses, and how often good ones (0.9 and more) do act alone - each also
with API patterns far worse than measured (drawn evenly). `--check` makes the status 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from datetime import timezone

from pytest_selfheal.learn.standing import standing
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern

_START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_USES = 40
_WARM = 10
_BAD = 0.6
_GOOD = 0.9
_MOST_ERROR = 0.08
_MARKS = (0, 5, 10, 20, 30, 40)
"""After how many uses it is told how many of the good patterns act alone."""


@dataclass
class Tally:
    """What the histories of one seed showed; of the good patterns, how many acted alone at each mark, by class."""

    bins: dict[int, list[tuple[float, bool]]] = field(default_factory=dict)
    bad: int = 0
    acted: int = 0
    good: dict[ErrorClass, int] = field(default_factory=lambda: dict.fromkeys(ErrorClass, 0))
    alone: dict[tuple[ErrorClass, int], int] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """Expected calibration error."""
        total = sum(map(len, self.bins.values()))
        gaps = (abs(sum(c for c, _ in rows) - sum(g for _, g in rows)) for rows in self.bins.values())
        return sum(gaps) / total


def main() -> int:
    """Print the figures of every seed together."""
    parser = argparse.ArgumentParser(description="Replay random histories of learned patterns.")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    missed = False
    for label, worse in (("as measured", False), ("API patterns worse than measured", True)):
        tallies = [_replay(seed, options.histories, worse=worse) for seed in range(options.seeds)]
        errors = sorted(tally.error for tally in tallies)
        acted, bad = sum(tally.acted for tally in tallies), sum(tally.bad for tally in tallies)
        print(f"{label}: {options.histories} histories, {options.seeds} seeds")
        print(f"  expected calibration error: median {errors[len(errors) // 2]:.3f}, worst {errors[-1]:.3f}")
        print(f"  true rate below {_BAD}: {acted} of {bad} acted alone at some time after {_WARM} uses")
        for error_class in ErrorClass:
            print(f"  true rate {_GOOD} and more, {error_class.value}: {_shares(tallies, error_class)}")
        missed |= acted > 0 or errors[-1] > _MOST_ERROR
    print("MISSED" if missed else "every limit holds")
    return int(missed and options.check)


def _shares(tallies: list[Tally], error_class: ErrorClass) -> str:
    good = sum(tally.good[error_class] for tally in tallies)
    counts = {mark: sum(tally.alone.get((error_class, mark), 0) for tally in tallies) for mark in _MARKS}
    shares = ", ".join(f"{counts[mark] / good:.2f} after {mark}" for mark in _MARKS) if good else "none drawn"
    return f"act alone: {shares} uses (of {good})"


def _replay(seed: int, histories: int, *, worse: bool) -> Tally:
    draw = random.Random(seed)
    tally = Tally()
    for number in range(histories):
        is_api = number % 2 == 0
        rate = draw.betavariate(9, 1) if is_api and not worse else draw.random()
        _history(ErrorClass.API if is_api else ErrorClass.VALUE, rate, draw, tally)
    return tally


def _history(error_class: ErrorClass, rate: float, draw: random.Random, tally: Tally) -> None:
    facts = ErrorFacts(error_class, "TypeError")
    events = [Evidence("taught", _at(0), "taught", "a", "person")]
    acted = False
    for use in range(_USES + 1):
        judged = standing(LearnedPattern("p", "t", facts, evidence=tuple(events)), _at(use))
        good = draw.random() < rate
        tally.bins.setdefault(int(judged.confidence * 10), []).append((judged.confidence, good))
        acted = acted or (judged.learned and use >= _WARM)
        if rate >= _GOOD and judged.learned:
            tally.alone[error_class, use] = tally.alone.get((error_class, use), 0) + 1
        by = "run" if judged.learned else "person"  # what is only suggested, a person has to take
        result = "success" if good else draw.choice(["failure", "rejected"])
        events.append(Evidence(f"e{use}", _at(use + 1), result, "abc"[use % 3], by))
    tally.good[error_class] += rate >= _GOOD
    tally.bad += rate < _BAD
    tally.acted += acted and rate < _BAD


def _at(day: int) -> str:
    return (_START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main())
