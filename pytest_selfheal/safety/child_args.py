"""Which of the user's pytest options a validation child keeps.

Kept is what decides how tests are found and run (`-c`, `-p`, `-W`, `-o`, `--import-mode`, options of unknown plugins);
dropped is what selects tests, talks to a person, writes artefacts, distributes, or repeats.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

_FLAGS = """
    --exitfirst --lf --last-failed --ff --failed-first --nf --new-first --cache-show --cache-clear --verbose --quiet
    --no-header --no-summary --collect-only --co --collectonly --pdb --trace --looponfail --boxed --forked --full-trace
    --self-contained-html --fixtures --funcargs --fixtures-per-test --markers --help --version --trace-config
    --no-cov-on-fail --keep-duplicates --no-flaky-report --fail-on-flaky --random-order --no-fold-skipped
    --force-short-summary --no-showlocals --showlocals --debug --snapshot-update --inline-snapshot-disable
"""
_VALUED = """
    --maxfail --lfnf --last-failed-no-failures --numprocesses --dist --tx --px --maxprocesses --maxschedchunk
    --max-worker-restart --rsyncdir --rsyncignore --testrunuid --deselect --verbosity --color --code-highlight --tb
    --show-capture --pdbcls --basetemp --pastebin --junitxml --junit-xml --junitprefix --junit-prefix --html --css
    --report-log --resultlog --alluredir --durations --durations-min --result-log --log-file --log-file-mode
    --only-rerun --rerun-except --retries --retry-delay --retry-outfile --flake-finder --count --force-flaky
    --max-runs --min-passes --repeat-scope --random-order-bucket --random-order-seed --splits --group --durations-path
    --splitting-algorithm --report --profile-svg --md --md-report --excelreport --csv --ctrf --inline-snapshot
    --exitfirst-after --force-sugar --instafail
"""
_FAMILIES = (
    "--selfheal",
    "--cov",
    "--json-report",
    "--reruns",
    "--sw",
    "--stepwise",
    "--setup-",
    "--benchmark",
    "--allure",
    "--store-durations",
)
_DROPPED_FLAGS = frozenset(_FLAGS.split())
_DROPPED_VALUED = frozenset(_VALUED.split())
_KEPT = """
    --rootdir --confcutdir --import-mode --ignore --ignore-glob --override-ini --config-file --pythonwarnings --capture
    --doctest-glob --doctest-report --assert --log-level --log-cli-level --log-format --log-date-format --timeout
    --timeout-method --hypothesis-profile --hypothesis-seed --asyncio-mode --ds --dc
"""
_KEPT_VALUED = frozenset(_KEPT.split())
_FAMILY_FLAGS = re.compile(
    r"--(sw|stepwise|sw-skip|stepwise-skip|sw-reset|stepwise-reset|setup-\w+|cov-reset|cov-append)$"
)
_SHORT_DROPPED = frozenset("xvqlhVf")
_SHORT_DROPPED_VALUED = frozenset("nkmrd")
_SHORT_KEPT = frozenset("s")
_SHORT_KEPT_VALUED = frozenset("cpWo")
_SHORT = _SHORT_DROPPED | _SHORT_DROPPED_VALUED | _SHORT_KEPT | _SHORT_KEPT_VALUED


def child_args(
    invocation_args: Sequence[str],
    positional_args: Sequence[str] = (),
    addopts: Sequence[str] | str = (),
    env_addopts: str = "",
) -> tuple[str, ...]:
    """Return the options for a child, without any test selection.

    Args:
        invocation_args: the command line as pytest got it (`config.invocation_params.args`).
        positional_args: what pytest took as files, folders and node ids (`config.args`); dropped wherever it stands.
        addopts: the `addopts` of the ini file, as text or already split.
        env_addopts: the value of `PYTEST_ADDOPTS`.

    Returns:
        Options in the order pytest would see them. The first two empty the ini file's `addopts`, whose harmless part
        follows in plain sight; run the child without `PYTEST_ADDOPTS`.
    """
    positional = frozenset(positional_args)
    from_line = list(_kept([*_split(env_addopts), *invocation_args], positional))
    overriding = [value for value in map(_addopts_override, from_line) if value is not None]
    from_ini = _split(overriding[-1]) if overriding else _split(addopts)
    rest = [word for word in from_line if _addopts_override(word) is None]
    return ("-o", "addopts=", *_kept(from_ini, positional), *rest)


def _split(words: Sequence[str] | str) -> list[str]:
    if not isinstance(words, str):
        return list(words)
    try:
        return shlex.split(words)
    except ValueError:
        return words.split()


def _addopts_override(word: str) -> str | None:
    for prefix in ("-oaddopts=", "--override-ini=addopts="):
        if word.startswith(prefix):
            return word.removeprefix(prefix)
    return None


def _kept(words: Sequence[str], positional: frozenset[str]) -> Iterator[str]:
    """Yield the words worth keeping; options kept with their value come as one word."""
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            return
        if word.startswith("--"):
            yield from _long(word, queue, positional)
        elif len(word) > 1 and word[0] == "-":
            yield from _short(word, queue)
        elif word not in positional and not word.startswith("@"):
            yield word  # the value of an unknown option


def _long(word: str, queue: list[str], positional: frozenset[str]) -> Iterator[str]:
    name, equals, _value = word.partition("=")
    if name in _DROPPED_FLAGS:
        return
    if name in _DROPPED_VALUED:
        if not equals and queue:
            queue.pop(0)
        return
    if name.startswith(_FAMILIES):
        takes_none = bool(_FAMILY_FLAGS.match(name))
        if not equals and not takes_none and queue and queue[0][:1] != "-" and queue[0] not in positional:
            queue.pop(0)
        return
    if name in _KEPT_VALUED and not equals and queue:
        yield f"{name}={queue.pop(0)}"
        return
    yield word


def _short(word: str, queue: list[str]) -> Iterator[str]:
    letters = word[1:]
    if not all(letter in _SHORT for letter in letters[:1]):
        yield word
        return
    for index, letter in enumerate(letters):
        rest = letters[index + 1 :]
        if letter in _SHORT_DROPPED_VALUED | _SHORT_KEPT_VALUED:
            value = rest or (queue.pop(0) if queue else "")
            if letter in _SHORT_KEPT_VALUED and not _is_ours(letter, value):
                yield f"-{letter}{value}"
            return
        if letter in _SHORT_KEPT:
            yield f"-{letter}"
        elif letter not in _SHORT_DROPPED:
            return


def _is_ours(letter: str, value: str) -> bool:
    return letter == "p" and value.replace("no:", "").strip() in {
        "selfheal",
        "pytest_selfheal",
        "pytest_selfheal.plugin",
    }
