"""No pattern that works in fewer than 6 of 10 cases acts alone for long."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from pytest_selfheal.learn.belief import FALSE_TRUST
from pytest_selfheal.learn.belief import WORTHLESS
from pytest_selfheal.learn.belief import convinces
from pytest_selfheal.learn.standing import TRIAL_USES
from pytest_selfheal.learn.standing import standing
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
WEIGHTS = {"success": 1, "failure": 1, "rejected": 1, "reverted": 2}
uses = strategies.lists(
    strategies.tuples(
        strategies.sampled_from([*["success"] * 6, "failure", "rejected", "reverted"]), strategies.booleans()
    ),
    max_size=45,
)


def judged(error_class, happened, hours=1.0):
    """Return the standing right after a lesson and these uses, each a result and whether a person decided it."""
    moments = [
        (START + timedelta(hours=hours * n)).isoformat().replace("+00:00", "Z") for n in range(len(happened) + 1)
    ]
    events = [Evidence("e0", moments[0], "taught", "a", "person")]
    for number, (result, by_person) in enumerate(happened, 1):
        by = "person" if by_person else "run"
        events.append(Evidence(f"e{number}", moments[number], result, "abc"[number % 3], by))
    pattern = LearnedPattern("p", "t", ErrorFacts(error_class, "TypeError"), evidence=tuple(events))
    return standing(pattern, moments[-1])


@pytest.mark.parametrize(
    ("successes", "failures", "enough"),
    [(15, 0, False), (16, 0, True), (18, 1, False), (19, 1, True), (22, 2, False), (23, 2, True), (0, 0, False)],
)
def test_a_record_convinces_once_it_rules_out_a_bad_pattern(successes, failures, enough):
    """Sixteen without a failure; each failure costs three or four more."""
    assert convinces(successes, failures) is enough


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.59, WORTHLESS])
def test_a_bad_record_hardly_ever_convinces_however_often_one_looks(rate):
    """Computed exactly over 150 uses: the chance to be taken for good at any one of them."""
    paths, taken = {(0, 0): 1.0}, 0.0
    for _use in range(150):
        later = {}
        for (good, bad), chance in paths.items():
            later[good + 1, bad] = later.get((good + 1, bad), 0.0) + chance * rate
            later[good, bad + 1] = later.get((good, bad + 1), 0.0) + chance * (1 - rate)
        taken += sum(chance for record, chance in later.items() if convinces(*record))
        paths = {record: chance for record, chance in later.items() if not convinces(*record)}
    assert taken <= FALSE_TRUST


@settings(max_examples=150, deadline=None)
@given(error_class=strategies.sampled_from(ErrorClass), happened=uses)
def test_after_ten_uses_only_a_record_that_convinces_acts_alone(error_class, happened):
    """Whatever happened, in whatever order, and whatever is known of the class."""
    weighed = [WEIGHTS[result] for result, _by in happened if result != "success"]
    good = len(happened) - len(weighed)
    if judged(error_class, happened).learned and len(happened) >= TRIAL_USES:
        assert convinces(good, sum(weighed))


@settings(max_examples=150, deadline=None)
@given(
    error_class=strategies.sampled_from(ErrorClass), happened=uses, bad=strategies.sampled_from(["failure", "reverted"])
)
def test_a_failure_always_ends_acting_alone(error_class, happened, bad):
    """A pattern that broke a test drops to suggestion, however good its record, and is believed less."""
    before, after = judged(error_class, happened), judged(error_class, [*happened, (bad, False)])
    assert not after.learned
    assert after.confidence < before.confidence


@pytest.mark.parametrize("error_class", ErrorClass, ids=lambda one: one.value)
def test_a_record_that_convinces_gives_back_what_failures_took(error_class):
    """Two failures among many successes are not the end; ten uses without one are not yet proof."""
    fine, worse = [("success", True)], [("failure", False)]
    assert judged(error_class, 9 * fine).learned
    assert "12 of 12 uses went well" in judged(error_class, 12 * fine).reason
    assert judged(error_class, 16 * fine).learned
    assert judged(error_class, [*worse, *worse, *23 * fine]).learned
    assert not judged(error_class, [*worse, *worse, *22 * fine]).learned
