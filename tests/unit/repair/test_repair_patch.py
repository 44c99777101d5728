"""Patches: byte offsets, checks, composition, diffs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Patch
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import compose
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.patch import lines_changed
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.repair.patch import unified_diff


@pytest.mark.parametrize(
    ("data", "encoding", "newline"),
    [
        pytest.param(b"x = 1\n", "utf-8", "\n", id="plain"),
        pytest.param(b"x = 1\r\ny = 2\r\n", "utf-8", "\r\n", id="crlf"),
        pytest.param(b"x = 1\ry = 2\r", "utf-8", "\r", id="old mac"),
        pytest.param(b"\xef\xbb\xbfx = 1\n", "utf-8", "\n", id="byte order mark"),
        pytest.param("# coding: latin-1\ns = 'é'\n".encode("latin-1"), "iso-8859-1", "\n", id="cookie"),
        pytest.param(b"", "utf-8", "\n", id="empty"),
    ],
)
def test_encoding_and_newline_are_read_off_the_bytes(data, encoding, newline):
    """A source knows the codec of its pieces and the newline most of its lines use."""
    source = source_of("a.py", data)
    assert (source.encoding, source.newline) == (encoding, newline)


@pytest.mark.parametrize(
    "data", [b"# coding: klingon\n", b"x = '\xff'\n"], ids=["unknown codec", "bytes that do not fit"]
)
def test_undecodable_files_are_refused_with_their_name(data):
    """A file that cannot be decoded is named in the error."""
    with pytest.raises(PatchError, match=r"^odd\.py: cannot be decoded"):
        source_of("odd.py", data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("s = 'äö'; y = x\n".encode(), id="utf-8"),
        pytest.param("# coding: latin-1\ns = 'äö'; y = x\n".encode("latin-1"), id="latin-1"),
        pytest.param(b"\xef\xbb\xbf" + "s = 'äö'; y = x\r\n".encode(), id="mark and crlf"),
    ],
)
def test_ast_columns_become_byte_offsets_of_the_file(data):
    """Columns of `ast` count UTF-8 bytes; edits hit the right place in any encoding."""
    import ast

    source = source_of("a.py", data)
    node = next(n for n in ast.walk(ast.parse(data)) if isinstance(n, ast.Name) and n.id == "x")
    edit = replace(source, (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset), "new")
    patch = patch_of([edit], lambda _path: data)
    assert apply_patch(patch, lambda _path: data) == {"a.py": data.replace(b"y = x", b"y = new")}


def test_inserting_keeps_everything_else():
    """An insertion at a line start moves nothing but what follows."""
    source = source_of("a.py", b"a\r\nb\r\n")
    patch = patch_of([insert(source, (2, 0), "new\r\n")], lambda _path: source.data)
    assert apply_patch(patch, lambda _path: source.data)["a.py"] == b"a\r\nnew\r\nb\r\n"


def test_a_changed_file_is_refused():
    """A patch applies only to the bytes it was made for, and says what to do otherwise."""
    patch = patch_of(edits_between("a.py", b"a\n", b"b\n"), lambda _path: b"a\n")
    with pytest.raises(PatchError, match=r"a\.py: the file has changed") as caught:
        apply_patch(patch, lambda _path: b"a\n\n")
    assert "run the tests again" in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    """A file that is gone is named."""
    patch = patch_of(edits_between("a.py", b"a\n", b"b\n"), lambda _path: b"a\n")
    with pytest.raises(PatchError, match=r"a\.py: cannot be read"):
        apply_patch(patch, lambda path: (tmp_path / path).read_bytes())


def test_overlapping_edits_are_refused():
    """Two edits may not claim the same bytes."""
    source = source_of("a.py", b"abc\n")
    edits = [replace(source, (1, 0), (1, 2), "x"), replace(source, (1, 1), (1, 3), "y")]
    with pytest.raises(PatchError, match="overlaps"):
        patch_of(edits, lambda _path: source.data)


def test_an_edit_must_find_its_old_text():
    """The hash alone is not trusted: `old` must stand where the edit says."""
    source = source_of("a.py", b"abc\n")
    good = patch_of([replace(source, (1, 0), (1, 1), "x")], lambda _path: source.data)
    wrong = Patch((type(good.edits[0])("a.py", 1, 2, "a", "x"),), good.hashes)
    with pytest.raises(PatchError, match="do not read 'a'"):
        apply_patch(wrong, lambda _path: source.data)


def test_text_that_does_not_fit_the_encoding_is_refused():
    """A character the file's encoding lacks is an error, not a question mark."""
    source = source_of("a.py", b"# coding: latin-1\n")
    with pytest.raises(PatchError, match="does not fit the file's encoding"):
        patch_of([insert(source, (2, 0), "x = '\N{SNOWMAN}'\n")], lambda _path: source.data)


_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\x0c\n", "ä\n".encode()]), max_size=12)


@given(_LINES, _LINES)
def test_edits_between_two_texts_turn_one_into_the_other(old, new):
    """The minimal edits reproduce the new text exactly."""
    before, after = b"".join(old), b"".join(new)
    patch = patch_of(edits_between("a.py", before, after), lambda _path: before)
    assert apply_patch(patch, lambda _path: before).get("a.py", before) == after


@given(_LINES, _LINES, _LINES)
def test_composition_equals_applying_one_after_the_other(old, middle, new):
    """Two patches made in turn become one patch on the original text."""
    texts = [b"".join(lines) for lines in (old, middle, new)]
    first = patch_of(edits_between("a.py", texts[0], texts[1]), lambda _path: texts[0])
    second = patch_of(edits_between("a.py", texts[1], texts[2]), lambda _path: texts[1])
    both = compose(first, second, lambda _path: texts[0])
    assert apply_patch(both, lambda _path: texts[0]).get("a.py", texts[0]) == texts[2]


def test_composition_joins_different_files():
    """A second patch on another file leaves the first one's file as it became."""
    files = {"a.py": b"a\n", "b.py": b"b\n"}
    first = patch_of(edits_between("a.py", b"a\n", b"A\n"), files.__getitem__)
    second = patch_of(edits_between("b.py", b"b\n", b"B\n"), files.__getitem__)
    assert apply_patch(compose(first, second, files.__getitem__), files.__getitem__) == {"a.py": b"A\n", "b.py": b"B\n"}


def test_the_diff_is_for_people():
    """Line ends are shown plainly, and a missing last newline is said."""
    old, new = b"a\r\nb", b"a\r\nimport x\r\nb"
    patch = patch_of(edits_between("p/a.py", old, new), lambda _path: old)
    assert unified_diff(patch, lambda _path: old) == (
        "--- a/p/a.py\n+++ b/p/a.py\n@@ -1,2 +1,3 @@\n a\n+import x\n b\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [(b"a\n", b"x\na\n", 1), (b"a\nb\n", b"c\nb\n", 1), (b"a\nb\nc\n", b"c\n", 2)],
    ids=["added", "changed", "removed"],
)
def test_changed_lines_are_counted_once(old, new, count):
    """A changed line counts once, not as one removed and one added."""
    assert lines_changed(patch_of(edits_between("a.py", old, new), lambda _path: old)) == count


def test_ids_depend_on_the_content_only():
    """Equal patches have equal ids, different ones differ."""
    one = patch_of(edits_between("a.py", b"a\n", b"b\n"), lambda _path: b"a\n")
    two = patch_of(edits_between("a.py", b"a\n", b"c\n"), lambda _path: b"a\n")
    assert patch_id(one) == patch_id(patch_of(one.edits, lambda _path: b"a\n"))
    assert patch_id(one) != patch_id(two)
