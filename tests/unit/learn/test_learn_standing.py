"""How far a pattern may go after what has happened to it."""

from __future__ import annotations

import random
from datetime import datetime
from datetime import timedelta
from datetime import timezone

import pytest

from pytest_selfheal.learn.belief import decayed
from pytest_selfheal.learn.belief import lower_bound
from pytest_selfheal.learn.standing import history
from pytest_selfheal.learn.standing import standing
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def at(day):
    """Return a moment so many days after the start."""
    return (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


def built(error_class, words, status="active"):
    """Return a pattern to which this happened, a day apart: `taught`, `ok@site`, `ok@site!` (a person's), `bad`, ..."""
    events = []
    for day, word in enumerate(words.split()):
        result, _, site = word.partition("@")
        names = {"ok": "success", "bad": "failure", "no": "rejected", "undone": "reverted"}
        by = "person" if site.endswith("!") or result in ("taught", "no", "undone") else "run"
        events.append(Evidence(f"e{day}", at(day), names.get(result, result), site.rstrip("!"), by))
    facts = ErrorFacts(ErrorClass(error_class), "TypeError")
    return LearnedPattern("p", "t", facts, status=status, evidence=tuple(events), created_at=at(0))


def judged(error_class, words, day=10, **options):
    """Return the standing of such a pattern some days after the start."""
    status = options.pop("status", "active")
    return standing(built(error_class, words, status), at(day), **options)


@pytest.mark.parametrize(
    ("error_class", "words", "alone"),
    [
        ("api", "taught", True),
        ("api", "", False),
        ("api", "taught ok@a ok@b", True),
        ("api", "taught ok@a bad@b", False),
        ("api", "taught bad@a ok@a! ok@a! ok@b! ok@a!", False),
        ("api", "taught bad@a ok@a! ok@a! ok@b! ok@a! ok@a!", True),
        ("api", "taught ok@a undone", False),
        ("api", "taught bad@a bad@b ok@a! ok@a! ok@a! ok@a! ok@a! ok@a! ok@a!", False),
        ("api", "taught bad@a bad@b taught ok@a! ok@a! ok@b! ok@a! ok@b!", True),
        ("api", "ok@a! ok@b ok@c", True),
        ("value", "taught", False),
        ("value", "taught ok@a! ok@b", False),
        ("value", "taught ok@a! ok@b ok@b", True),
        ("value", "taught ok@a! ok@a ok@a", False),
        ("value", "taught ok@a ok@b ok@c", False),
        ("value", "taught ok@a! ok@b ok@b no", False),
    ],
)
def test_what_it_takes_to_act_alone(error_class, words, alone):
    """Interfaces: a person's lesson. Values: three successes, two places, a person's yes. A failure ends it."""
    assert judged(error_class, words).learned is alone


def test_a_value_starts_at_a_half_and_an_interface_at_nine_tenths():
    """The lesson itself is no use yet."""
    assert judged("value", "taught", 0).confidence == pytest.approx(0.5)
    assert judged("api", "taught", 0).confidence == pytest.approx(0.9)


def test_a_revert_counts_twice():
    """A person who takes a fix back has seen more than a failing test."""
    once, twice = judged("api", "taught bad@a"), judged("api", "taught undone")
    assert twice.failures == pytest.approx(2 * once.failures)


def test_evidence_halves_in_ninety_days():
    """What was true of last year's library may not be true of this year's."""
    assert decayed(90, 90) == pytest.approx(0.5)
    young, old = judged("value", "taught ok@a ok@b", 2), judged("value", "taught ok@a ok@b", 92)
    assert old.successes == pytest.approx(young.successes / 2)
    assert 0.5 < old.confidence < young.confidence


def test_the_strict_gate_asks_for_the_lower_bound():
    """Three successes have a mean of 0.8, but may be luck."""
    words = "taught ok@a! ok@b ok@b"
    assert judged("value", words, 3).learned
    assert not judged("value", words, 3, strict=True).learned
    assert judged("value", f"{words} ok@a ok@b ok@a", 6, strict=True).learned


@pytest.mark.parametrize(
    ("successes", "failures", "expected"), [(0, 0, 0.2), (3, 0, 0.669), (5, 1, 0.629), (10, 1, 0.77)]
)
def test_the_lower_bound_is_the_quantile_of_the_posterior(successes, failures, expected):
    """The figures of the table in the reference."""
    assert lower_bound(successes, failures) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    ("words", "day", "status"),
    [("taught", 400, "active"), ("taught", 1, "retired"), ("taught no no no no", 5, "active")],
    ids=["unused", "by hand", "mostly wrong"],
)
def test_what_is_not_used_any_more_is_retired(words, day, status):
    """It is kept, and not tried."""
    assert judged("value", words, day, status=status).retired


def test_a_pattern_can_be_held_back_by_hand():
    """`suggest` in the file is a person's word."""
    held = judged("api", "taught ok@a ok@b", status="suggest")
    assert not held.learned
    assert not held.retired


def test_the_way_of_the_belief_is_kept():
    """Each event has the mean it led to."""
    means = [round(mean, 3) for _at, _what, mean, _lower in history(built("value", "taught ok@a ok@b bad@b"))]
    assert means[0] == 0.5
    assert means[0] < means[1] < means[2] > means[3]


def test_confidence_means_what_it_says_and_bad_patterns_never_act_alone():
    """200 random histories: what is called 0.8 works in about 80 of 100, and what mostly fails is stopped in time."""
    draw = random.Random(7)
    bins = {}
    for number in range(200):
        error_class = "api" if number % 2 else "value"
        true = draw.betavariate(9, 1) if error_class == "api" else draw.random()
        words = ["taught"]
        for use in range(30):
            pattern = built(error_class, " ".join(words))
            now = standing(pattern, at(len(words)))
            if use >= 10 and true < 0.6:
                assert not now.learned, (true, words)
            good = draw.random() < true
            bins.setdefault(round(now.confidence * 10), []).append((now.confidence, good))
            words.append(f"{'ok' if good else 'bad'}@{'abc'[use % 3]}{'!' * (use % 4 == 0)}")
    total = sum(map(len, bins.values()))
    gaps = [len(rows) * abs(_mean(c for c, _ in rows) - _mean(g for _, g in rows)) for rows in bins.values()]
    assert sum(gaps) / total <= 0.08


def _mean(values):
    listed = list(values)
    return sum(listed) / len(listed)
