"""Does a learned pattern's confidence mean what it says? Random histories of successes and failures, replayed.

    python benchmarks/calibration.py [--histories 200] [--seeds 20]

Half of the patterns are of the API class, their true success rates drawn as measured (Beta(9, 1)); half of the value
class, drawn evenly. Printed are the expected calibration error (ten bins) and how often a pattern with a true rate
below 0.6 might have acted alone after ten uses - also with API patterns far worse than measured (drawn evenly).
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone

from pytest_selfheal.learn.standing import standing
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern

_START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_USES = 30
_WARM = 10
_BAD = 0.6


@dataclass
class Tally:
    """What the histories of one seed showed."""

    bins: dict[int, list[tuple[float, bool]]]
    bad: int = 0
    acted: int = 0

    @property
    def error(self) -> float:
        """Expected calibration error."""
        total = sum(map(len, self.bins.values()))
        gaps = (abs(sum(c for c, _ in rows) - sum(g for _, g in rows)) for rows in self.bins.values())
        return sum(gaps) / total


def main() -> int:
    """Print the figures of every seed together; the status is 1 when a limit is exceeded."""
    parser = argparse.ArgumentParser(description="Replay random histories of learned patterns.")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    status = 0
    for label, worse in (("as measured", False), ("API patterns worse than measured", True)):
        tallies = [_replay(seed, options.histories, worse=worse) for seed in range(options.seeds)]
        errors = sorted(tally.error for tally in tallies)
        acted, bad = sum(tally.acted for tally in tallies), sum(tally.bad for tally in tallies)
        print(f"{label}: {options.histories} histories, {options.seeds} seeds")
        print(f"  expected calibration error: median {errors[len(errors) // 2]:.3f}, worst {errors[-1]:.3f}")
        print(f"  true rate below {_BAD}: {acted} of {bad} could act alone after {_WARM} uses")
        status |= acted > bad / 200 or (not worse and errors[-1] > 0.08)  # ten in a row happen by luck
    return status


def _replay(seed: int, histories: int, *, worse: bool) -> Tally:
    draw = random.Random(seed)
    tally = Tally({})
    for number in range(histories):
        is_api = number % 2 == 0
        rate = draw.betavariate(9, 1) if is_api and not worse else draw.random()
        acted = _history(ErrorClass.API if is_api else ErrorClass.VALUE, rate, draw, tally)
        tally.bad += rate < _BAD
        tally.acted += acted and rate < _BAD
    return tally


def _history(error_class: ErrorClass, rate: float, draw: random.Random, tally: Tally) -> bool:
    facts = ErrorFacts(error_class, "TypeError")
    events = [Evidence("taught", _at(0), "taught", "a", "person")]
    acted = False
    for use in range(1, _USES + 1):
        judged = standing(LearnedPattern("p", "t", facts, evidence=tuple(events)), _at(use))
        good = draw.random() < rate
        tally.bins.setdefault(int(judged.confidence * 10), []).append((judged.confidence, good))
        acted = acted or (judged.learned and use > _WARM)
        by = "run" if judged.learned or draw.random() < 0.5 else "person"
        result = "success" if good else draw.choice(["failure", "rejected"])
        events.append(Evidence(f"e{use}", _at(use), result, "abc"[use % 3], by))
    return acted


def _at(day: int) -> str:
    return (_START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main())
