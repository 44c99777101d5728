"""The pull-request verdict: rules over one run, each with its value, threshold, sample and what to do next.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.gate.baseline import baseline_from
from pytest_selfheal.gate.evidence import Baseline
from pytest_selfheal.gate.evidence import Change
from pytest_selfheal.gate.evidence import Evidence
from pytest_selfheal.gate.evidence import Standing
from pytest_selfheal.gate.judging import judge_run
from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.gate.shards import choose_runs
from pytest_selfheal.gate.shards import combined

__all__ = [
    "Baseline",
    "Change",
    "Evidence",
    "Standing",
    "baseline_from",
    "choose_runs",
    "combined",
    "judge_run",
    "test_key",
]
