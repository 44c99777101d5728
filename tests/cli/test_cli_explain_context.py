"""`selfheal explain` tells what a model would be sent, for whoever repairs instead of one."""

from __future__ import annotations

import json

AI = '\n[tool.selfheal.ai]\nprovider = "openai"\nmodel = "m"\n'


def test_without_a_model_the_context_is_told(heal, selfheal):
    """The error, the test, and the code it uses; in the document as pieces."""
    heal("--selfheal=record")
    shown = selfheal("explain", "test_count").stdout
    assert "for the person or agent who repairs it" in shown
    assert "  def count(items):" in shown.splitlines()
    kinds = [piece["kind"] for piece in json.loads(selfheal("explain", "test_count", "--json").stdout)["context"]]
    assert kinds == ["error", "source of src/shop/stock.py", "source of tests/test_stock.py", "traceback"]


def test_with_a_model_it_is_told_when_asked_for(heal, selfheal, project):
    """What would be sent can be looked at before it is."""
    heal("--selfheal=record")
    with (project / "pyproject.toml").open("a") as file:
        file.write(AI)
    assert "for the person or agent" not in selfheal("explain", "test_count").stdout
    assert "for the person or agent" in selfheal("explain", "test_count", "--context").stdout


def test_an_earlier_repair_like_it_is_told(heal, selfheal):
    """What was fixed in this project before may show the way."""
    heal()
    shown = selfheal("explain", "test_total").stdout
    assert "similar repairs of this project:" in shown
    assert "repaired by: import Decimal in src/shop/cart.py" in shown
