"""A coding agent at work: the SDK's own client drives `selfheal mcp` over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pytest_selfheal.cli.agents import server
from pytest_selfheal.cli.desk import Desk
from pytest_selfheal.errors import UsageError
from pytest_selfheal.store import open_store

GOOD = {
    "path": "src/shop/stock.py",
    "search": "    return len(items) / items.get('boxes')",
    "replace": "    return len(items) / (items.get('boxes') or 1)",
}
TEST = "tests/test_stock.py::test_count"


async def _work(project):
    from mcp import Client
    from mcp import StdioServerParameters

    command = ["-m", "pytest_selfheal.cli", "--root", str(project), "mcp"]
    server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ}, cwd=str(project))
    async with Client(server) as client:
        told = {"tools": [tool.name for tool in (await client.list_tools()).tools]}

        async def ask(name, **arguments):
            answer = await client.call_tool(name, arguments)
            return answer.content[0].text if answer.is_error else json.loads(answer.content[0].text)

        told["failures"] = await ask("list_failures")
        told["explained"] = await ask("explain_failure", failure=TEST)
        told["nobody"] = await ask("explain_failure", failure="no such test")
        bad = {**GOOD, "path": "tests/test_stock.py", "search": "== 0", "replace": "!= 0"}
        told["bad"] = await ask("propose_patch", failure=TEST, edits=[bad])
        told["good"] = await ask("propose_patch", failure=TEST, edits=[GOOD], explanation="No boxes is one box.")
        told["gate"] = await ask("run_gate")
        return told


def test_an_agent_looks_proposes_and_is_judged(heal, project):
    """All four tools in one session; the good proposal waits in the queue, and no file is changed."""
    heal("--selfheal=record")
    told = asyncio.run(asyncio.wait_for(_work(project), 60))
    assert told["tools"] == ["list_failures", "explain_failure", "propose_patch", "run_gate"]
    assert {failure["test"] for failure in told["failures"]["failures"]} == {TEST, "tests/test_cart.py::test_total"}
    assert any("items.get('boxes')" in piece["text"] for piece in told["explained"]["context"])
    assert "no recorded failure is called 'no such test'" in told["nobody"]
    assert told["bad"]["status"] == "refused"
    assert (told["good"]["status"], told["gate"]["status"]) == ("suggested", "block")
    assert "+    return len(items) / (items.get('boxes') or 1)" in told["good"]["diff"]
    (entry,) = open_store(project / ".selfheal").reviews(status="open")
    assert (entry.id, entry.candidates[0].origin.value) == (told["good"]["review_id"], "ai")
    assert entry.candidates[0].evidence == ("the agent says: No boxes is one box.",)
    changed = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=project, capture_output=True, check=True)
    assert changed.stdout == b""


@pytest.fixture
def desk(project):
    """The desk without a server around it."""
    return Desk(SimpleNamespace(root=project, store=None))


@pytest.mark.parametrize(
    "edits",
    [[], [{"path": "a.py"}], [{**GOOD, "replace": 1}], [GOOD] * 11],
    ids=["none", "half", "number", "many"],
)
def test_what_is_no_edit_is_told(heal, desk, edits):
    """Before anything is looked for."""
    with pytest.raises(UsageError, match="these are no edits"):
        desk.propose_patch(TEST, edits)


def test_a_proposal_joins_what_is_offered_already(heal, desk, project):
    """Two different proposals are options; what a person rejected stays out."""
    heal("--selfheal=record")
    other = {**GOOD, "replace": "    return len(items) / (items.get('boxes') or 2)"}
    assert desk.propose_patch(TEST, [GOOD])["next"].startswith("a person decides: selfheal review accept v1:")
    assert desk.propose_patch(TEST, [other])["next"].endswith(" 2")
    (entry,) = open_store(project / ".selfheal").reviews(status="open")
    assert (entry.entry, len(entry.candidates)) == ("options", 2)
    command = [sys.executable, "-m", "pytest_selfheal.cli", "--root", str(project), "review", "reject", entry.id]
    subprocess.run(command, check=True, capture_output=True)
    assert desk.propose_patch(TEST, [GOOD]) == {"status": "refused", "reasons": ["a person has rejected exactly this"]}


def test_without_the_sdk_the_extra_is_named(monkeypatch, project):
    """The command says what to install."""
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(UsageError, match="cannot be imported") as caught:
        server(SimpleNamespace(root=project, store=None))
    assert "pip install 'pytest-selfheal[mcp]'" in str(caught.value)
