"""Records whose writer's clock stood in the future, and whose files are private."""

from __future__ import annotations

import sys

import pytest
from store_records import failure
from store_records import json_store
from store_records import run
from store_records import write_session


def test_compaction_keeps_what_is_dated_in_the_future_until_its_time_comes(root):
    """It is skipped meanwhile, also by every later compaction."""
    write_session(root, run("r1"), failure("now"))
    write_session(root, run("r2"), failure("ahead", days=5), days=5)
    for _ in range(2):
        store = json_store(root)
        store.compact()
        assert [one.id for one in store.failures()] == ["now"]
    later = json_store(root, days=5)
    later.compact()
    assert {one.id for one in later.failures()} == {"now", "ahead"}


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean little there")
def test_every_folder_of_a_store_is_its_owner_s(root):
    """Log, months and quarantine too, whatever the umask allows."""
    path = write_session(root, run("r1"), failure("a"))
    path.write_bytes(b"not a record\n" + path.read_bytes())
    json_store(root).failures()
    json_store(root).compact()
    folders = [root, *(found for found in root.rglob("*") if found.is_dir())]
    assert {found.name: found.stat().st_mode & 0o777 for found in folders} == {
        ".selfheal": 0o700,
        "log": 0o700,
        "2026-09": 0o700,
        "quarantine": 0o700,
        "snapshot": 0o700,
    }
