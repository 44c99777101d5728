"""Asking a model, or an agent, about a failure: the question, the answer, what came of it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.repairing import Candidate
from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class Prompt(Value):
    """A question to a model: `system` holds the rules, `user` the failure, with everything foreign fenced as data.

    `key` is the same for the same error in the same sources, in every run.
    """

    system: str
    user: str
    key: str = ""


@dataclass(frozen=True)
class Reply(Value):
    """A model's answer as it came. `finish_reason` is `length` or `max_tokens` when the model was cut off."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    finish_reason: str = ""


@dataclass(frozen=True)
class Rewrite(Value):
    """Replace the text `search` of the file `path` by `replace`.

    `search` stands exactly once in the file, or is the first one from the line that holds `anchor` on; `anchor` then
    stands in exactly one line. Paths are relative to the root directory, with `/`.
    """

    path: str
    search: str
    replace: str
    anchor: str = ""


@dataclass(frozen=True)
class Proposal(Value):
    """A fix a plugin thinks of; see the hook `pytest_selfheal_propose`.

    Attributes:
        plugin: who proposes it, a word or two.
        title: what it does, one line for people.
        rewrites: the edits, one at least.
        evidence: sentences for the person who decides.
    """

    plugin: str
    title: str
    rewrites: tuple[Rewrite, ...]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage(Value):
    """What asking cost in one run. `cost` is in the currency of the prices in the settings; 0 when none are set."""

    service: str
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    duration_s: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True)
class Advice(Value):
    """What asking about one failure gave: candidates, yet unproved, and one sentence for everything that happened.

    `key` is that of the question, empty when nothing was asked; `answered` whether an answer came that made sense.
    """

    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    key: str = ""
    answered: bool = False
    duration_s: float = 0.0
