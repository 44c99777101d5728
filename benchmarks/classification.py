"""Score the classifier on the labelled corpus in tests/corpus: accuracy, costly errors, calibration, signatures.

The corpus runs in temporary copies by real pytest with `--selfheal=record`: as it is, with two workers, and once more
with every line moved and the project folder renamed. Exit status 1 when a figure falls below its bar.

    python benchmarks/classification.py [--worst] [--only GROUP] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import FailureRecord

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus"
COLLECTION = "<collection>"
CRASHES = "cases/system/test_crashes.py"
TIERS = ("plain", "library", "tricky")
RETRYABLE = frozenset({"transient", "rate_limit", "timeout", "crash"})
EDITED = frozenset({"missing_import", "syntax", "type_error"})  # a fixer may change code because of these
NOTHING = "(nothing)"
MOST = {"would mask a bug": 2}


@dataclass(frozen=True)
class Case:
    """A labelled failure. `name` is the nodeid without parameters; `accepted` holds the label and its alternatives."""

    name: str
    label: str
    accepted: frozenset[str]
    tier: str
    bug: str
    phase: str = ""
    run: str = ""


@dataclass(frozen=True)
class Result:
    """A case with what was recorded of it: one record for each parameter (none when nothing was recorded)."""

    case: Case
    record: FailureRecord | None

    @property
    def said(self) -> str:
        """The category that was given."""
        return self.record.failure_category.value if self.record else NOTHING

    @property
    def right(self) -> bool:
        """Whether the label itself was given."""
        return self.said == self.case.label

    @property
    def acceptable(self) -> bool:
        """Whether the label or one of its alternatives was given."""
        return self.said in self.case.accepted


@dataclass
class Figures:
    """Every figure by name, and those below their bar."""

    values: dict[str, float] = field(default_factory=dict)
    below: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, *, least: float | None = None, most: float | None = None) -> None:
        """Take a figure and print it; note when it misses its bar."""
        self.values[name] = value
        bar = f"(bar >= {least})" if least is not None else f"(bar <= {most})" if most is not None else ""
        missed = (least is not None and value < least) or (most is not None and value > most)
        shown = str(value) if isinstance(value, int) else f"{value:.4f}"
        print(f"{name:<42} {shown:>8}  {bar}{' MISSED' if missed else ''}")
        if missed:
            self.below.append(name)


def read_labels(corpus: Path) -> dict[str, Case]:
    """Return the labelled cases by name."""
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib

    cases = {}
    for file, entries in tomllib.loads((corpus / "labels.toml").read_text()).items():
        for test, label in entries.items():
            name = file if test == COLLECTION else f"{file}::{test}"
            if sys.version_info < tuple(map(int, label.get("python", "3.10").split("."))):
                continue
            accepted = frozenset([label["is"], *label.get("also", [])])
            unknown = accepted - {category.value for category in Category} - {"not_recorded"}
            if unknown or label["tier"] not in TIERS:
                sys.exit(f"labels.toml: {name}: no such category or tier: {sorted(unknown) or label['tier']}")
            where = label.get("phase", ""), label.get("run", "")
            cases[name] = Case(name, label["is"], accepted, label["tier"], label.get("same_as", name), *where)
    return cases


def run_corpus(project: Path, *options: str, crashes: bool = False) -> list[FailureRecord]:
    """Run the corpus in this folder with its own store and return what was recorded."""
    outside = ("SELFHEAL_", "PYTEST_", "CI", "GITHUB_", "GITLAB_", "SHOP_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*"}
    environment |= {"CORPUS_CRASHES": "1"} if crashes else {}
    command = [sys.executable, "-m", "pytest", "--selfheal=record", "-q", "--tb=no", "--no-summary"]
    command += ["--continue-on-collection-errors", *options]
    shutil.rmtree(project / ".selfheal", ignore_errors=True)  # each run has a store of its own
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    records = open_store(project / ".selfheal").failures()
    if done.returncode not in {0, 1} or not records:
        sys.exit(f"the corpus could not run (status {done.returncode}):\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    print(f"  {done.stdout.strip().splitlines()[-1]}")
    return records


def copy_corpus(target: Path, only: str) -> Path:
    """Return a fresh copy of the corpus, or of one group of it."""
    shutil.copytree(CORPUS, target, ignore=shutil.ignore_patterns("__pycache__", ".selfheal"))
    if only:
        for group in (target / "cases").iterdir():
            if group.is_dir() and group.name != only:
                shutil.rmtree(group)
    return target


def shift_lines(project: Path) -> None:
    """Move every line of the project: lines at the top and before every definition that follows an empty line."""
    for path in project.rglob("*.py"):
        text = path.read_text()
        text = re.sub(r"\n\n(?=(?:async )?def |class |@)", "\n\n# moved\n\n", text)
        path.write_text("# moved\n\n\n" + text)


def plain_name(nodeid: str) -> str:
    """Return the nodeid without parameters."""
    return nodeid.split("[", 1)[0]


def pair_up(cases: Iterable[Case], records: list[FailureRecord]) -> tuple[list[Result], list[FailureRecord]]:
    """Return a result per case and parameter, and the records that belong to no case."""
    found: dict[str, dict[str, list[FailureRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in sorted(records, key=lambda record: (record.created_at, record.id)):
        found[plain_name(record.nodeid)][record.nodeid].append(record)
    results = []
    for case in cases:
        for mine in found.pop(case.name, {"": []}).values():
            wanted = [record for record in mine if not case.phase or record.phase.value == case.phase]
            results.append(Result(case, wanted[0] if wanted else None))
    strays = [record for by_node in found.values() for mine in by_node.values() for record in mine]
    return results, strays


def share(parts: int, whole: int) -> float:
    """Return the ratio; of nothing, everything."""
    return parts / whole if whole else 1.0


def macro_f1(results: list[Result]) -> float:
    """Return the mean F1 of the categories; an acceptable answer counts as the label."""
    told = [(result.case.label, result.case.label if result.acceptable else result.said) for result in results]
    scores = []
    for category in {label for label, _ in told}:
        right = sum(label == said == category for label, said in told)
        wrong = sum((label == category) != (said == category) for label, said in told)
        scores.append(2 * right / (2 * right + wrong))
    return sum(scores) / len(scores)


def calibration(results: list[Result]) -> tuple[float, float]:
    """Return the Brier score and the expected calibration error (ten bins) of the confidence."""
    pairs = [(result.record.confidence, float(result.acceptable)) for result in results if result.record]
    brier = sum((said - was) ** 2 for said, was in pairs) / len(pairs)
    bins: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for said, was in pairs:
        bins[min(int(said * 10), 9)].append((said, was))
    gaps = (abs(sum(said for said, _ in mine) - sum(was for _, was in mine)) for mine in bins.values())
    return brier, sum(gaps) / len(pairs)


def reliability(results: list[Result]) -> list[str]:
    """Return a line per confidence that was told: how often, and how often rightly; most frequent first."""
    told: dict[float, list[bool]] = defaultdict(list)
    for result in results:
        if result.record:
            told[round(result.record.confidence, 2)].append(result.acceptable)
    ordered = sorted(told.items(), key=lambda item: -len(item[1]))
    return [f"  said {said:.2f}   {len(was):>4} times   right {share(sum(was), len(was)):.3f}" for said, was in ordered]


def wrong_pairs(results: list[Result]) -> tuple[float, list[str]]:
    """Return the F1 of "these two failures are the same bug" over all pairs, and a line for each wrong pair."""
    known = [result for result in results if result.record]
    right, lines = 0, []
    for one, other in combinations(known, 2):
        is_same = one.case.bug == other.case.bug
        says_same = one.record.signature == other.record.signature
        right += is_same and says_same
        if is_same != says_same:
            lines.append(f"{'taken apart' if is_same else 'mixed up'}: {one.record.nodeid} | {other.record.nodeid}")
    return (2 * right / (2 * right + len(lines)) if right or lines else 1.0), lines


def costly(results: list[Result]) -> dict[str, list[Result]]:
    """Return the errors that cost users most, by name."""
    wrong = [result for result in results if not result.acceptable]
    return {
        "would mask a bug": [r for r in wrong if r.said in RETRYABLE and not r.case.accepted & RETRYABLE],
        "missed a retry": [r for r in wrong if r.case.label in RETRYABLE and r.said not in RETRYABLE],
        "would edit wrong code": [r for r in wrong if r.said in EDITED],
    }


def stability(before: list[FailureRecord], after: list[FailureRecord]) -> tuple[float, list[str]]:
    """Return the share of failures whose signature stayed, and a line for each that changed."""
    then, now = ({(r.nodeid, r.phase): r.signature for r in records} for records in (before, after))
    changed = [
        f"{nodeid} ({phase.value})" for (nodeid, phase), sign in then.items() if now.get((nodeid, phase)) != sign
    ]
    return share(len(then) - len(changed), len(then)), changed


def confusion(results: list[Result]) -> list[str]:
    """Return the lines of a table: labels down, answers across; only what differs from the label is named."""
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        answers[result.case.label][result.said] += 1
    lines = []
    for label, said in sorted(answers.items()):
        others = ", ".join(f"{name} {count}" for name, count in said.most_common() if name != label)
        lines.append(f"  {label:<20}{said[label]:>4} of {sum(said.values()):>3}   {others}")
    return lines


def tell_wrong(results: list[Result]) -> None:
    """Print every case that was not answered with its label; a star marks those that are not acceptable either."""
    print("\nwrong cases (* not acceptable either)")
    for result in sorted(results, key=lambda result: (result.case.label, result.said, result.case.name)):
        if result.right:
            continue
        record = result.record
        print(f"{' ' if result.acceptable else '*'} {result.case.name} [{result.case.tier}]")
        print(f"      is {'/'.join(sorted(result.case.accepted))} ({result.case.label}), said {result.said}")
        if record:
            message = " ".join(record.error_message.split())[:160]
            print(f"      {record.phase.value}: {record.error_type}: {message}")
            print(f"      rule {record.rule} ({record.confidence:.2f}): {'; '.join(record.evidence)[:300]}")


def tell_lines(title: str, lines: list[str]) -> None:
    """Print a list, cut at a readable length."""
    if lines:
        print(f"\n{title}")
        for line in lines[:30]:
            print(f"  {line}")
        if len(lines) > 30:
            print(f"  ... and {len(lines) - 30} more")


def score(
    cases: dict[str, Case], plain: list[FailureRecord], crashed: list[FailureRecord]
) -> tuple[Figures, list[Result]]:
    """Print the figures of the plain run, completed by the crashes, which only workers survive."""
    wanted = [case for case in cases.values() if case.label != "not_recorded"]
    results, strays = pair_up([case for case in wanted if case.run != "workers"], plain)
    in_workers, strays_there = pair_up([case for case in wanted if case.run == "workers"], crashed)
    results += in_workers
    hidden = [r for r in strays + strays_there if plain_name(r.nodeid) in cases]
    hidden = [r for r in hidden if cases[plain_name(r.nodeid)].label == "not_recorded"]
    unlabelled = sorted({r.nodeid for r in strays if plain_name(r.nodeid) not in cases})

    figures = Figures()
    figures.add("labelled failures", len(wanted))
    figures.add("strict accuracy", share(sum(r.right for r in results), len(results)))
    figures.add("lenient accuracy", share(sum(r.acceptable for r in results), len(results)), least=0.93)
    for tier, bar in zip(TIERS, (0.97, 0.92, 0.85), strict=True):
        mine = [r for r in results if r.case.tier == tier]
        figures.add(f"lenient accuracy, {tier}", share(sum(r.acceptable for r in mine), len(mine)), least=bar)
        figures.add(f"strict accuracy, {tier}", share(sum(r.right for r in mine), len(mine)))
    figures.add("macro F1", macro_f1(results), least=0.90)
    for name, mine in costly(results).items():
        figures.add(name, len(mine), most=MOST.get(name))
    figures.add("not retryable at all", sum(not r.case.accepted & RETRYABLE for r in results))
    brier, ece = calibration(results)
    figures.add("Brier score of the confidence", brier)
    figures.add("calibration error (ECE)", ece)
    pair_f1, pairs = wrong_pairs(results)
    figures.add("signature pair F1", pair_f1, least=0.95)
    figures.add("skipped or xfailed but recorded", len(hidden), most=0)
    figures.add("failures without a label", len(unlabelled), most=0)

    for name, mine in costly(results).items():
        tell_lines(name, [f"{r.case.name}: is {r.case.label}, said {r.said}" for r in mine])
    print("\nanswers by label (strict)", *confusion(results), sep="\n")
    print("\nconfidence (lenient)", *reliability(results), sep="\n")
    tell_lines("wrong pairs of signatures", pairs)
    tell_lines("recorded though skipped or xfailed", [r.nodeid for r in hidden])
    tell_lines("failures without a label", unlabelled)
    return figures, results


def compare(
    figures: Figures, plain: list[FailureRecord], spread: list[FailureRecord], moved: list[FailureRecord]
) -> None:
    """Print how far the three runs agree."""
    kept, changed = stability(plain, moved)
    figures.add("signatures kept when moved and renamed", kept, least=0.99)
    here, there = ({(r.nodeid, r.phase): r.failure_category for r in rs} for rs in (plain, spread))
    differ = [
        f"{key[0]}: {here[key].value}, {there[key].value}"
        for key in here.keys() & there.keys()
        if here[key] != there[key]
    ]
    lost = [f"{nodeid} not recorded by workers" for nodeid, phase in here if (nodeid, phase) not in there]
    figures.add("categories that differ with -n 2", len(differ) + len(lost), most=0)
    tell_lines("signatures that changed", changed)
    tell_lines("different with -n 2", sorted(differ) + lost)


def main() -> int:
    """Run and score; 1 when a figure is below its bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worst", action="store_true", help="list every wrong case with rule, evidence and exception")
    parser.add_argument("--only", default="", metavar="GROUP", help="only the cases of one folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()
    cases = read_labels(CORPUS)
    if arguments.only:
        cases = {name: case for name, case in cases.items() if name.startswith(f"cases/{arguments.only}/")}
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="selfheal-corpus-") as folder:
        project = copy_corpus(Path(folder, "corpus"), arguments.only)
        print("runs: plain, -n 2, crashes, moved and renamed")
        plain = run_corpus(project)
        spread = run_corpus(project, "-n", "2")
        crashed = run_corpus(project, "-n", "2", CRASHES, crashes=True) if (project / CRASHES).exists() else []
        shift_lines(renamed := project.rename(Path(folder, "renamed-project")))
        moved = run_corpus(renamed)
    print(f"  {time.perf_counter() - begin:.0f} s in all\n")
    figures, results = score(cases, plain, crashed)
    print()
    compare(figures, plain, spread, moved)
    if arguments.worst:
        tell_wrong(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures.values, indent=2) + "\n")
    print(f"\nbelow the bar: {', '.join(figures.below)}" if figures.below else "\nevery figure reaches its bar")
    return bool(figures.below)


if __name__ == "__main__":
    sys.exit(main())
