"""What surrounds a value in an answer: drafts before it, transforms of the whole text, and fences as hints.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

_DRAFT = "think|thinking|reasoning|scratchpad|analysis"
_DRAFT_OPEN = re.compile(rf"\s*<({_DRAFT})>", re.IGNORECASE)
_DRAFT_CLOSE = re.compile(rf"</(?:{_DRAFT})>", re.IGNORECASE)
_ESCAPED_START = re.compile(r'[{\[](?:\\[nrt]|[ \t\r\n]){0,200}\\"')
_BARE_QUOTE = re.compile(r'(?<!\\)"')
_FENCE = re.compile(r"^[ \t>]{0,40}(`{3,}|~{3,})[ \t]*([A-Za-z0-9_+#.-]*)([^\n`]*)$", re.MULTILINE)
_INLINE_FENCE = re.compile(r"(`{3,})[ \t]*([A-Za-z0-9]{0,20})[ \t]*(?=[{\[])")

JSON_LANGUAGES = frozenset({"json", "json5", "jsonc", "jsonl", "ndjson", "", "text", "txt", "plaintext", "output"})


class Fence(NamedTuple):
    """One fenced block: its language in lower case, where its body is, and where its marks are."""

    language: str
    body: int
    body_end: int
    start: int
    end: int


class CutInsideDraft(Exception):  # noqa: N818 - a step of the search, never seen by callers
    """The text ends while the model was still thinking: there is no answer in it."""


def skip_draft(text: str) -> int:
    """Return where the answer starts: behind what the model thought aloud.

    Raises:
        CutInsideDraft: the thinking never ends.
    """
    opened = _DRAFT_OPEN.match(text)
    closes = list(_DRAFT_CLOSE.finditer(text))
    if opened is not None:
        closes = [found for found in closes if found.group()[2:-1].lower() == opened.group(1).lower()]
        if not closes:
            raise CutInsideDraft
    apart = [found for found in closes if _stands_apart(text, found.start(), found.end())]
    if apart:
        return apart[-1].end()
    return closes[0].end() if opened is not None else 0


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Whether a closing mark ends its line, or only prose stands before it there."""
    rest = text[end : end + 200].partition("\n")[0]
    if not rest.strip(" \t\r") and len(rest) < 200:
        return True
    before = text[max(0, start - 400) : start].rpartition("\n")[2]
    return not any(char in before for char in '{}"')


def transform(text: str) -> tuple[str, list[str]]:
    """Undo what was done to the whole text if every sign of it is there; returns the text and what was undone."""
    done = []
    if "&quot;" in text and '"' not in text:
        import html

        text = html.unescape(text)
        done.append("html_entities")
    if text.lstrip().startswith(">"):
        lines = text.split("\n")
        if all(line.startswith(">") for line in lines if line.strip()):
            text = "\n".join(line[2:] if line.startswith("> ") else line[1:] for line in lines)
            done.append("quoted_lines")
    if _ESCAPED_START.search(text) and not _BARE_QUOTE.search(text):
        text = _unescaped(text)
        done.append("escaped_whole")
    return text, done


def _unescaped(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t") for part in parts)


class Fences:
    """The fenced blocks of a text, by place; found once, in linear time."""

    def __init__(self, text: str) -> None:
        self.blocks = _blocks(text)
        starts = [block.start for block in self.blocks]
        for found in _INLINE_FENCE.finditer(text):
            index = bisect_right(starts, found.start()) - 1
            if index >= 0 and found.start() < self.blocks[index].end:
                continue
            stop = text.find("```", found.end())
            body_end, end = (len(text), len(text)) if stop < 0 else (stop, stop + 3)
            block = Fence(found.group(2).lower(), found.end(), body_end, found.start(), end)
            self.blocks.insert(index + 1, block)
            starts.insert(index + 1, block.start)
        self._starts = starts

    def around(self, place: int) -> Fence | None:
        """Return the block whose body holds `place`."""
        index = bisect_right(self._starts, place) - 1
        if index >= 0 and self.blocks[index].body <= place < self.blocks[index].body_end:
            return self.blocks[index]
        return None

    def next_start(self, place: int, otherwise: int) -> int:
        """Return where the next block after `place` starts."""
        index = bisect_right(self._starts, place)
        return self._starts[index] if index < len(self._starts) else otherwise


def _blocks(text: str) -> list[Fence]:
    if "```" not in text and "~~~" not in text:
        return []
    marks = list(_FENCE.finditer(text))
    blocks: list[Fence] = []
    index = 0
    while index < len(marks):
        opening = marks[index]
        close = next((i for i in range(index + 1, len(marks)) if _closes(opening, marks[i])), None)
        if close is None:
            # A lone mark at the very end closes a fence whose opening was lost.
            if opening.group(2) or text[opening.end() :].strip():
                blocks.append(Fence(opening.group(2).lower(), opening.end(), len(text), opening.start(), len(text)))
            break
        body_end = marks[close].start()
        while body_end > opening.end() and text[body_end - 1] in " \t\r\n":
            body_end -= 1
        blocks.append(
            Fence(opening.group(2).lower(), opening.end(), body_end, opening.start(), marks[close].end()),
        )
        index = close + 1
    return blocks


def _closes(opening: re.Match[str], mark: re.Match[str]) -> bool:
    same = mark.group(1)[0] == opening.group(1)[0] and len(mark.group(1)) >= len(opening.group(1))
    return same and not mark.group(2) and not mark.group(3).strip()
