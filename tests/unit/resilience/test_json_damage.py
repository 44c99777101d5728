"""Documents that a healing tool exchanges, damaged in every way the benchmark knows, at a small scale."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed

PATH = Path(__file__).resolve().parents[3] / "benchmarks" / "json_recovery.py"
SPEC = importlib.util.spec_from_file_location("json_recovery_benchmark", PATH)
BENCHMARK = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(BENCHMARK)


@pytest.mark.parametrize("seed", [11, 23])
def test_damaged_documents_come_back_exactly_or_not_at_all(seed):
    """At least 95 in 100 exact, at most one in 200 of those accepted wrong."""
    counts = Counter(BENCHMARK.outcome(parse_json, text, [value]) for _, value, text in BENCHMARK.damaged(20, seed))
    assert counts["exact"] >= 0.95 * sum(counts.values())
    assert counts["wrong"] <= 0.005 * counts["exact"]
    assert counts["crash"] == 0


@pytest.mark.parametrize("mode", ["strict_recovery", "salvage"])
def test_hostile_texts_end(mode):
    """Each comes to an end with a value or a refusal; how fast is the benchmark's question."""
    million = {name: text[: len(text) // 20] for name, text in BENCHMARK.attacks(1).items()}
    results = {name: parse_json_detailed(text, mode=mode) for name, text in million.items()}
    assert [name for name, result in results.items() if not result.ok and not result.error.code] == []
