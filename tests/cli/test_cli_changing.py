"""The review queue and undo: a person decides, and everything can be taken back."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

FIXED = "from decimal import Decimal\n\n\ndef total(items):\n"


def _entries(selfheal, *options):
    return json.loads(selfheal("review", "list", "--json", *options).stdout)["reviews"]


@pytest.fixture
def suggestion(heal, selfheal):
    """A run that may only suggest; returns the id of the import's entry."""
    heal("--selfheal=suggest")
    return next(entry["id"] for entry in _entries(selfheal) if entry["entry"] == "suggestion")


def test_suggest_mode_writes_nothing_and_queues_both(suggestion, project, selfheal):
    """The lost import becomes a suggestion, the bug an escalation; no file changes."""
    assert not (project / "src/shop/cart.py").read_text().startswith("from")
    assert sorted(entry["entry"] for entry in _entries(selfheal)) == ["escalation", "suggestion"]


def test_seeing_the_same_errors_again_adds_no_entries(suggestion, heal, selfheal):
    """One entry per signature."""
    heal("--selfheal=suggest")
    assert len(_entries(selfheal)) == 2


def test_show_has_the_diff_and_the_command(suggestion, selfheal):
    """Everything needed to decide."""
    shown = selfheal("review", "show", suggestion).stdout
    assert "+from decimal import Decimal" in shown
    assert f"selfheal review accept {suggestion}" in shown


def test_accept_validates_applies_and_closes(suggestion, selfheal, project, heal):
    """The file is fixed, the entry is closed, the success is counted, and undo takes it back."""
    before = (project / "src/shop/cart.py").read_bytes()
    done = selfheal("review", "accept", suggestion)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "src/shop/cart.py").read_text().startswith(FIXED)
    assert [entry["status"] for entry in _entries(selfheal, "--all") if entry["id"] == suggestion] == ["accepted"]
    patterns = json.loads(selfheal("patterns", "--json").stdout)["patterns"]
    assert [(pattern["success_count"], pattern["failure_count"]) for pattern in patterns] == [(1, 0)]
    assert selfheal("undo").returncode == 0
    assert (project / "src/shop/cart.py").read_bytes() == before


def test_a_suggestion_for_a_file_that_changed_is_refused(suggestion, selfheal, project):
    """The patch was made for another text; nothing is written."""
    path = project / "src/shop/cart.py"
    path.write_text("# mine\n" + path.read_text())
    done = selfheal("review", "accept", suggestion)
    assert done.returncode != 0
    assert path.read_text().startswith("# mine\ndef total")


def test_reject_closes_the_entry_and_it_does_not_come_back(suggestion, heal, selfheal):
    """A person's no is remembered and counted against the way of fixing."""
    assert selfheal("review", "reject", suggestion).returncode == 0
    heal("--selfheal=suggest")
    assert [entry["entry"] for entry in _entries(selfheal)] == ["escalation"]
    patterns = json.loads(selfheal("patterns", "--json").stdout)["patterns"]
    assert [(pattern["success_count"], pattern["failure_count"]) for pattern in patterns] == [(0, 1)]


@pytest.mark.parametrize("step", ["show", "accept", "reject"])
def test_an_id_nobody_has_is_a_usage_error(selfheal, step):
    """Exit status 2 and where to look."""
    done = selfheal("review", step, "v1:nothing")
    assert done.returncode == 2
    assert "selfheal review list" in done.stderr


def test_an_escalation_cannot_be_accepted(heal, selfheal):
    """There is nothing to apply; the message says what to do instead."""
    heal("--selfheal=suggest")
    escalation = next(entry["id"] for entry in _entries(selfheal) if entry["entry"] == "escalation")
    done = selfheal("review", "accept", escalation)
    assert done.returncode == 2
    assert "nothing to accept" in done.stderr


def test_an_accepted_entry_is_closed(suggestion, selfheal):
    """Accepting twice is refused."""
    selfheal("review", "accept", suggestion)
    done = selfheal("review", "accept", suggestion)
    assert done.returncode == 2
    assert "accepted already" in done.stderr


def test_the_beginning_of_an_id_is_enough(suggestion, selfheal):
    """As with git."""
    assert selfheal("review", "show", suggestion.removeprefix("v1:")[:8]).returncode == 0


def test_undo_keeps_a_file_that_was_edited_since(heal, selfheal, project):
    """A person's edit is never overwritten; exit status 1 says that something was kept."""
    heal("--selfheal")
    path = project / "src/shop/cart.py"
    assert path.read_text().startswith(FIXED)
    path.write_text(path.read_text() + "# mine\n")
    done = selfheal("undo")
    assert done.returncode == 1
    assert "kept" in done.stdout
    assert path.read_text().endswith("# mine\n")


def test_undo_without_a_fix_says_so(selfheal):
    """Nothing to take back is a usage error with a calm message."""
    done = selfheal("undo")
    assert done.returncode == 2
    assert "no applied fix" in done.stderr


EDITOR = """
import sys
from pathlib import Path

path = Path(sys.argv[-1])
path.write_text(path.read_text().replace({old!r}, {new!r}))
"""


def _editor(project, old, new):
    script = project.parent / "editor.py"
    script.write_text(EDITOR.format(old=old, new=new))
    return f"{sys.executable} {script}"


def test_an_edited_suggestion_is_validated_and_applied(suggestion, selfheal, project):
    """What the person saved in the editor goes the way of an accepted suggestion, and can be undone."""
    before = (project / "src/shop/cart.py").read_text()
    editor = _editor(project, "return sum", "# ours\n    return sum")
    done = selfheal("review", "edit", suggestion, EDITOR=editor, FORCE_COLOR="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b[32m+    # ours\x1b[0m" in done.stdout
    assert "# ours\n" in (project / "src/shop/cart.py").read_text()
    assert selfheal("undo").returncode == 0
    assert (project / "src/shop/cart.py").read_text() == before


def test_an_edit_that_the_tests_refuse_is_kept_aside(suggestion, selfheal, project):
    """Nothing is written to the project, and nothing of what the person typed is lost."""
    before = (project / "src/shop/cart.py").read_text()
    done = selfheal("review", "edit", suggestion, VISUAL=_editor(project, "return sum", "return 5 + sum"))
    assert (done.returncode, (project / "src/shop/cart.py").read_text()) == (1, before)
    kept = Path(done.stdout.strip().rpartition("what you saved is kept in ")[2])
    assert "return 5 + sum" in (kept / "src/shop/cart.py").read_text()
    shutil.rmtree(kept)


@pytest.mark.parametrize(
    ("editor", "told"), [("no-such-editor", "cannot be started"), (f"{sys.executable} -c exit(3)", "status 3")]
)
def test_an_editor_that_fails_changes_nothing(suggestion, selfheal, editor, told):
    """The entry stays open."""
    done = selfheal("review", "edit", suggestion, EDITOR=editor)
    assert done.returncode == 2
    assert told in done.stderr
