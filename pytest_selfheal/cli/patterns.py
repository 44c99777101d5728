"""Commands about what was learned: list, show, forget, export, import, and learning from commits.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import utc_text
from pytest_selfheal.report import documents
from pytest_selfheal.report import tables

if TYPE_CHECKING:
    import argparse

    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.schooling.book import Book


def listing(arguments: argparse.Namespace) -> int:
    """`selfheal patterns [list]`: what was learned here, then the built-in fixers that were used."""
    project = Project(arguments)
    book = open_book(project)
    store = project.open_store()
    learned = [(pattern, book.judge(pattern)) for pattern in book.patterns]
    builtin = [pattern for pattern in store.patterns() if not pattern.pattern_name.startswith("pattern:")]
    project.warn(store)
    _warn(book)
    rows = [(pattern, judged.confidence, judged.learned, judged.retired) for pattern, judged in learned]
    lines = [*tables.learned_lines(rows), *([""] if rows and builtin else [])]
    if builtin or not rows:
        lines += tables.patterns_lines(builtin)
    show(arguments, documents.patterns_document(builtin, rows), lines)
    return 0


def show_one(arguments: argparse.Namespace) -> int:
    """`selfheal patterns show ID`: the edit, where it was learned, and how the belief in it moved."""
    from pytest_selfheal.learn.standing import history

    project = Project(arguments)
    book = open_book(project)
    pattern = _find(book, arguments.id)
    judged = book.judge(pattern)
    may = "acts alone" if judged.learned else "retired" if judged.retired else "is suggested"
    numbers = (judged.confidence, judged.lower80, f"{may} ({judged.reason})")
    write(tables.learned_detail(pattern, numbers, history(pattern)))
    _warn(book)
    return 0


def forget(arguments: argparse.Namespace) -> int:
    """`selfheal patterns forget ID`: remove a pattern with its evidence."""
    project = Project(arguments)
    book = open_book(project)
    pattern = _find(book, arguments.id)
    book.forget(pattern.id)
    book.save()
    write([f"forgotten: {pattern.id}"])
    return 0


def export(arguments: argparse.Namespace) -> int:
    """`selfheal patterns export [FILE]`: write all patterns, or those named, to a file or standard output."""
    from pytest_selfheal.store.pattern_file import patterns_text

    project = Project(arguments)
    book = open_book(project)
    chosen = [_find(book, one) for one in arguments.only] if arguments.only else book.patterns
    text = patterns_text(chosen)
    if arguments.file is None:
        write([text.rstrip("\n")])
        return 0
    try:
        Path(arguments.file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot be written ({error.strerror})", where=arguments.file, todo="name another file"
        ) from None
    write([f"{len(chosen)} pattern{'s' * (len(chosen) != 1)} written to {arguments.file}"])
    return 0


def take_in(arguments: argparse.Namespace) -> int:
    """`selfheal patterns import FILE`: add the patterns of a file; evidence that is here already counts once."""
    from pytest_selfheal.store.pattern_file import parse_patterns
    from pytest_selfheal.store.pattern_file import read_patterns

    project = Project(arguments)
    book = open_book(project)
    if arguments.file == "-":
        found = parse_patterns(sys.stdin.buffer.read(), "standard input")
    elif Path(arguments.file).is_file():
        found = read_patterns(Path(arguments.file))
    else:
        raise UsageError("no such file", where=arguments.file, todo="name a file that `selfheal patterns export` wrote")
    known = {pattern.id: pattern for pattern in book.patterns}
    book.unite(found.patterns)
    book.save()
    new = sum(pattern.id not in known for pattern in book.patterns)
    changed = sum(pattern.id in known and pattern != known[pattern.id] for pattern in book.patterns)
    write([f"{new} new, {changed} with more evidence, {len(found.unusable)} not usable"])
    write_problems(found.problems)
    return 0 if not found.unusable else 1


def learn(arguments: argparse.Namespace) -> int:
    """`selfheal learn [--since REV] [COMMIT ...]`: learn from edits in git; 1 when nothing was learned."""
    from pytest_selfheal.schooling.commits import named
    from pytest_selfheal.schooling.commits import study
    from pytest_selfheal.schooling.greens import lesson_lines

    project = Project(arguments)
    if not arguments.commits and not arguments.since:
        raise UsageError("nothing to learn from", todo="name commits, or a revision with --since")
    book = open_book(project)
    commits = named(project.root, arguments.commits, arguments.since or "")
    bench = _bench(project)
    learned: list[LearnedPattern] = []
    for commit in commits:
        taught = study(commit, project.root, bench, utc_text(time.time()))
        new = book.add(taught.patterns)
        learned += new
        what = f"{len(new)} new" if new else "known already" if taught.patterns else f"nothing ({taught.reason})"
        write([f"{commit.short} {commit.subject[:60]}: {what}"])
    book.save()
    write([f"learned: {line}" for line in lesson_lines(learned)] or ["nothing was learned"])
    return 0 if learned else 1


def open_book(project: Project) -> Book:
    """Return the project's patterns.

    Raises:
        StoreError: the file cannot be read.
    """
    from pytest_selfheal.schooling.book import Book

    return Book(project.store_path, project.policy, lambda: utc_text(time.time()))


def _bench(project: Project) -> Bench:
    from pytest_selfheal.repair.workshop import Bench

    runs = project.open_store().runs(limit=1)
    directory = (project.root / (runs[0].invocation_dir if runs else ".")).resolve()
    return Bench(
        project.root,
        project.policy,
        directory=directory if directory.is_dir() else project.root,
        child_args=(),
        monotonic=time.monotonic,
    )


def _find(book: Book, wanted: str) -> LearnedPattern:
    found = [pattern for pattern in book.patterns if pattern.id.startswith((wanted, f"p_{wanted}"))]
    exact = [pattern for pattern in found if pattern.id == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise UsageError(f"no pattern begins with {wanted!r}", todo="`selfheal patterns` lists them")
    raise UsageError(f"{len(found)} patterns begin with {wanted!r}", todo="give more of the id")


def _warn(book: Book) -> None:
    write_problems(book.problems)


def write_problems(problems: tuple[str, ...]) -> None:
    """Write warnings to standard error."""
    for problem in problems:
        sys.stderr.write(f"selfheal: warning: {problem}\n")
