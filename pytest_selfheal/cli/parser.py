"""The commands, their options and their help.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_selfheal import __version__
from pytest_selfheal.cli import changing
from pytest_selfheal.cli import exchanging
from pytest_selfheal.cli import looking
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
    _storing(commands)
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
    _json(explain)
    patterns = _command(commands, "patterns", "list ways of fixing with their confidence", looking.patterns)
    _json(patterns)
    health = _command(commands, "health", "show failure rates and durations against their limits", looking.health)
    health.add_argument("--hours", type=_hours, default=1.0, metavar="H", help="the window (default: 1)")
    _json(health)
    gate = _command(commands, "gate", "judge the last run: pass or block", looking.gate)
    gate.add_argument("--run-id", metavar="ID", help="judge this run instead of the last one")
    gate.add_argument("--format", choices=("text", "json"), default="text", help="how to tell (default: text)")
    gate.add_argument("--strict", action="store_true", help="warnings block too")
    gate.add_argument("--dry-run", action="store_true", help="tell the verdict but always exit with 0")


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
    reject = _command(steps, "reject", "close an entry; the same suggestion does not come back", changing.review_reject)
    reject.add_argument("id", metavar="ID", help="an entry's id, or the beginning of it")
    undo = _command(commands, "undo", "take back the last applied fix, or the one named", changing.undo)
    undo.add_argument("id", metavar="ID", nargs="?", help="which fix (default: the last one)")
    undo.add_argument("--list", action="store_true", help="list the fixes that can be taken back")


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


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number < 24 * 3650:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours")
    return number
