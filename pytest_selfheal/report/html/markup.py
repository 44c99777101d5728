"""HTML that cannot be injected into: every text is escaped unless these functions made it.

Written by hand instead of taken from a template library: Jinja2 with MarkupSafe would be two packages more for every
user of the report, no type checker sees its templates, and an escaping that a filter in a template can switch off has
to be looked for. What is needed of it is the few lines below.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.safety.escape import html_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "rect", "path", "line", "circle", "wbr"})


class Html(str):
    """Markup. Whatever is done to it gives a plain `str`, which will be escaped: a mistake shows, it cannot act."""

    __slots__ = ()


def el(tag: str, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """Return one element.

    Args:
        tag: its name, a word of ours.
        children: text, which is escaped, or `Html`; None is left out.
        attributes: by name, with `_` for `-` and a trailing `_` where Python owns the word (`class_`); None and False
            leave the attribute out, True sets it without a value.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID and not children:
        return Html(f"<{tag}{written}/>" if tag in {"rect", "path", "line", "circle"} else f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{together(children)}</{tag}>")


def together(children: Iterable[str | None]) -> Html:
    """Return texts and markup behind each other."""
    return Html("".join(part if isinstance(part, Html) else html_text(part) for part in children if part))


def raw(text: str) -> Html:
    """Return text of this package's own files as markup; never for anything that came from elsewhere."""
    return Html(text)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    key = name.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{html_text(str(value))}"'
