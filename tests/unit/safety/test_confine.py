"""Paths stay inside the project."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.safety.confine import inside
from pytest_selfheal.safety.confine import safe_name


@pytest.mark.parametrize("path", ["a.py", "pkg/a.py", "pkg/new/deep.py", "pkg//a.py", "./a.py", ".github/x.yml"])
def test_paths_inside_are_returned_absolute(tmp_path, path):
    """A relative path inside the root comes back absolute, whether or not the file exists."""
    assert inside(tmp_path, path).relative_to(tmp_path.resolve()).as_posix() == path.replace("//", "/").removeprefix(
        "./"
    )


def test_absolute_paths_inside_are_accepted(tmp_path):
    """An absolute path is accepted through the root's own spelling and through the resolved one."""
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    assert inside(link, link / "a.py") == real.resolve() / "a.py"
    assert inside(link, real.resolve() / "a.py") == real.resolve() / "a.py"


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "a/../b",
        "/etc/passwd",
        "x\0y",
        "C:\\x",
        "C:x",
        "a\\b",
        ".git/config",
        "a/.GIT/x",
        ".git./x",
    ],
)
def test_other_paths_are_refused(tmp_path, path):
    """Anything that leaves the root, names it, or looks odd is refused."""
    with pytest.raises(ConfinementError):
        inside(tmp_path, path)


@pytest.mark.parametrize("target", ["outside", "root/real"])
def test_links_are_refused(tmp_path, target):
    """A linked folder or file on the way is refused even when it leads back inside."""
    root = tmp_path / "root"
    for folder in (root / "real", tmp_path / "outside"):
        folder.mkdir(parents=True)
        (folder / "a.py").write_text("")
    (root / "folder").symlink_to(tmp_path / target)
    (root / "file.py").symlink_to(tmp_path / target / "a.py")
    for path in ("folder/a.py", "file.py"):
        with pytest.raises(ConfinementError, match="symbolic link"):
            inside(root, path)


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_are_safe_and_distinct(one, other):
    """Names hold only harmless characters, are never empty, and differ when the texts differ."""
    assert set(safe_name(one)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert safe_name(one)
    assert len(safe_name(one)) <= 70
    assert one == other or safe_name(one) != safe_name(other)


@pytest.mark.parametrize(("text", "name"), [("plain_name", "plain_name"), ("nul", "nul_"), ("../x", "x_"), ("", "x_")])
def test_ordinary_names_stay_readable(text, name):
    """A name that is safe already is kept; others keep their readable part."""
    assert safe_name(text).startswith(name)
    assert (safe_name(text) == text) == (text == "plain_name")
