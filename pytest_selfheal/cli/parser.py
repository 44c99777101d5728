"""The commands, their options and their help.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_selfheal import __version__
from pytest_selfheal.cli import agents
from pytest_selfheal.cli import changing
from pytest_selfheal.cli import committing
from pytest_selfheal.cli import exchanging
from pytest_selfheal.cli import gating
from pytest_selfheal.cli import looking
from pytest_selfheal.cli import patterns
from pytest_selfheal.cli import regressions
from pytest_selfheal.cli import reporting
from pytest_selfheal.cli import serving
from pytest_selfheal.cli import storing

_EPILOG = """exit status:
  0  done, or the gate passed          1  the gate blocked, or a fix was refused
  2  wrong usage or settings           3  cannot tell (no run recorded, store unreadable)
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command carries the function that runs it as `run`."""
    parser = argparse.ArgumentParser(
        prog="selfheal",
        description="Look at, decide and take back what `pytest --selfheal` recorded and did.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pytest-selfheal {__version__}")
    parser.add_argument("--root", type=Path, metavar="DIR", help="the project (default: found from here upwards)")
    parser.add_argument("--store", metavar="PATH", help="the store's folder (default: the setting, .selfheal)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _looking(commands)
    _changing(commands)
    _showing(commands)
    _learning(commands)
    _regressing(commands)
    _storing(commands)
    _command(commands, "mcp", "serve coding agents over standard input and output (MCP)", agents.serve)
    return parser


def _looking(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    failures = _command(commands, "failures", "list recorded failures, newest first", looking.failures)
    failures.add_argument("--limit", type=_count, metavar="N", help="only the newest N")
    failures.add_argument("--run-id", metavar="ID", help="only those of one run")
    _json(failures)
    explain = _command(
        commands, "explain", "tell why a failure is what it is: rules tried, evidence, signature", looking.explain
    )
    explain.add_argument("failure", metavar="FAILURE", help="a test (or part of its name), a failure's id, a signature")
    explain.add_argument(
        "--context", action="store_true", help="what a model would be sent (shown anyway while no provider is set)"
    )
    _json(explain)
    health = _command(commands, "health", "show failure rates and durations against their limits", looking.health)
    health.add_argument("--hours", type=_hours, metavar="H", help="the window (default: 1; in CI the newest run)")
    _json(health)
    gate = _command(commands, "gate", "judge the newest run, or JUnit files: pass or block", gating.gate)
    gating.add_options(gate, _count)


def _changing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    steps = _group(commands, "review", "the queue of suggestions and escalations")
    listing = _command(steps, "list", "list the queue", changing.review_list)
    listing.add_argument("--all", action="store_true", help="accepted, rejected and fixed entries too")
    _json(listing)
    show = _command(steps, "show", "show one entry with its diffs", changing.review_show)
    show.add_argument("id", metavar="ID", help="an entry's id, or the beginning of it")
    accept = _command(steps, "accept", "validate a suggestion again and apply it", changing.review_accept)
    accept.add_argument("id", metavar="ID", help="an entry's id, or the beginning of it")
    accept.add_argument("option", metavar="N", nargs="?", type=_count, help="which option, when there are several")
    edit = _command(steps, "edit", "change a suggestion in $EDITOR, then validate and apply it", changing.review_edit)
    edit.add_argument("id", metavar="ID", help="an entry's id, or the beginning of it")
    edit.add_argument("option", metavar="N", nargs="?", type=_count, help="which option, when there are several")
    reject = _command(steps, "reject", "close an entry; the same suggestion does not come back", changing.review_reject)
    reject.add_argument("id", metavar="ID", help="an entry's id, or the beginning of it")
    undo = _command(commands, "undo", "take back the last applied fix, or the one named", changing.undo)
    undo.add_argument("id", metavar="ID", nargs="?", help="which fix (default: the last one)")
    undo.add_argument("--list", action="store_true", help="list the fixes that can be taken back")


def _showing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = _command(commands, "report", "write what happened as a page", reporting.report)
    report.add_argument("--html", type=Path, metavar="FILE", help="one file that needs nothing else, for any browser")
    report.add_argument("--runs", type=_count, default=200, metavar="N", help="look back so many runs (default: 200)")
    serve = _command(commands, "serve", "show a live page with the review queue (needs the extra [web])", serving.serve)
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen here (default: this machine only)"
    )
    serve.add_argument(
        "--port", type=_port, default=8765, metavar="N", help="the port, 0 for any free one (default: 8765)"
    )
    serve.add_argument("--token", action="store_true", help="ask visitors for a token on this machine too")
    serve.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name that requests may be addressed to",
    )


def _learning(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    words = "ways of fixing, learned and built in, with their confidence"
    group = commands.add_parser("patterns", help=words, description=f"{words[0].upper()}{words[1:]}.")
    group.set_defaults(run=patterns.listing)
    _json(group)
    steps = group.add_subparsers(title="steps", metavar="STEP", help="what to do (default: list)")
    listing = _command(steps, "list", "list them", patterns.listing)
    listing.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as above")
    show = _command(steps, "show", "show one: the edit, where it was learned, its evidence", patterns.show_one)
    show.add_argument("id", metavar="ID", help="a pattern's id, or the beginning of it")
    forget = _command(steps, "forget", "remove one with its evidence", patterns.forget)
    forget.add_argument("id", metavar="ID", help="a pattern's id, or the beginning of it")
    export = _command(steps, "export", "write them to a file for another project", patterns.export)
    export.add_argument("file", metavar="FILE", nargs="?", help="where to (default: standard output)")
    export.add_argument("--only", metavar="ID", action="append", default=[], help="only this one; may be repeated")
    taking = _command(steps, "import", "add those of a file; evidence counts once", patterns.take_in)
    taking.add_argument(
        "file", metavar="FILE", help="what `export` wrote, or another branch's patterns.json; - reads it"
    )
    learn = _command(commands, "learn", "learn from commits that turned tests green", patterns.learn)
    learn.add_argument("commits", metavar="COMMIT", nargs="*", help="commits to learn from")
    learn.add_argument("--since", metavar="REV", help="all commits after this revision")


def _regressing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    steps = _group(commands, "regressions", "the regression tests written for errors that came back")
    listing = _command(steps, "list", "list those that are open or guarding", regressions.list_all)
    listing.add_argument("--all", action="store_true", help="retired ones too")
    _json(listing)
    show = _command(steps, "show", "show one with its counts and its file", regressions.show_one)
    show.add_argument("id", metavar="ID", help="the id in its file name, or the beginning of it")
    _json(show)
    retire = _command(steps, "retire", "skip one from now on; its file stays", regressions.retire)
    retire.add_argument("id", metavar="ID", help="the id in its file name, or the beginning of it")
    commit = _command(commands, "commit", "commit generated regression tests, and nothing else", committing.commit)
    committing.add_options(commit, _count)


def _storing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    steps = _group(commands, "store", "look after the store")
    _json(_command(steps, "stats", "count records and bytes", storing.stats))
    _json(_command(steps, "verify", "read everything and tell what is damaged", storing.verify))
    _command(steps, "init", "make the tables of a shared database; twice is safe", storing.upgrade)
    _command(steps, "upgrade", "bring the tables of a shared database to this version", storing.upgrade)
    _json(_command(steps, "compact", "fold old segments into one and drop what is past its time", storing.compact))
    export = _command(steps, "export", "write every record of a shared database to a file", exchanging.export)
    export.add_argument("file", metavar="FILE", type=Path, help="a new file; its name should end in .jsonl")
    bring = _command(steps, "import", "bring records of folders or files into a shared database", exchanging.import_)
    bring.add_argument("sources", metavar="SRC", nargs="+", type=Path, help="a store's folder, or an exported file")
    merge = _command(commands, "merge", "bring the records of other stores into one", exchanging.merge)
    merge.add_argument("sources", metavar="SRC", nargs="+", type=Path, help="a store's folder, or an exported file")
    merge.add_argument("--into", metavar="DST", type=Path, required=True, help="the store's folder; made when missing")


def _group(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, words: str
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    parser = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    return parser.add_subparsers(title="steps", metavar="STEP", required=True, help="what to do")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, words: str, run: object
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the versioned JSON document instead of a table")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number < 24 * 3650:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours")
    return number
