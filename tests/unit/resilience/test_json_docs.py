"""The examples of the page about JSON recovery."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "json-recovery.md"


def test_the_examples_of_the_page_are_true():
    """Every example prints what the page says."""
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert result.attempted > 5
    assert result.failed == 0


def test_every_refusal_code_is_on_the_page():
    """A code that a program branches on is documented."""
    room = Path(__file__).resolve().parents[3] / "pytest_selfheal" / "resilience" / "json_recovery"
    import re

    source = "".join(path.read_text("utf-8") for path in room.glob("*.py"))
    codes = set(re.findall(r"(?:Refused|_refuse|TooMuchWork|JSONRecoveryError)\(\s*\"(\w+)\"", source))
    page = PAGE.read_text("utf-8")
    assert len(codes) > 15
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []
