"""Errors behind errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Validation
from pytest_selfheal.repair.fixers import propose
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.rounds import Tools
from pytest_selfheal.repair.rounds import search
from pytest_selfheal.repair.validate import RunError
from pytest_selfheal.repair.validate import RunResult

TEST = "test_it.py::test_it"
FILES = {
    "one.py": "def f(x):\n    return json.dumps(x)\n",
    "two.py": "def g(x):\n    return Path(x)\n",
}


def error(name, path, root):
    link = {
        "type_name": "NameError",
        "message": f"name '{name}' is not defined",
        "facts": {"name": name},
        "frames": [[str(root / "test_it.py"), 1, "test_it"], [str(root / path), 2, "f"]],
    }
    return RunError("NameError", link["message"], chain=(link,))


def failure(name, path):
    frame = Frame(path, 2, "f", in_app=True)
    message = f"name '{name}' is not defined"
    return Failure(
        TEST, Phase.CALL, "NameError", message, chain=(ErrorLink("NameError", message=message, frames=(frame,)),)
    )


class Program:
    """Plays the tests: fails with the first of its errors whose import is not in the texts yet."""

    def __init__(self, root, *errors):
        self.root, self.errors, self.runs = root, errors, 0

    def __call__(self, files):
        self.runs += 1
        text = b"".join(files.values()).decode()
        for name, path, cure in self.errors:
            if cure not in text:
                result = RunResult(complete=True, errors={TEST: error(name, path, self.root)})
                return Validation("screen", ok=False, reason=f"{name} fails"), result
        return Validation("screen", ok=True, reason="passed", passed=1), RunResult(complete=True)


def tools(project, program, **more):
    options = {"now": lambda: 0.0, **more}
    return Tools(lambda f, over: propose(f, project.laid_over(over)), program, project.read, project, **options)


def run(project, program, first, rounds=5, deadline=1.0, **more):
    bench = tools(project, program, **more)
    return search(first, propose(first, project), bench, wanted=[TEST], rounds=rounds, deadline=deadline)


JSON = ("json", "one.py", "import json")
PATH = ("Path", "two.py", "from pathlib import Path")
UNKNOWN = ("frobnicate", "two.py", "never")


def test_one_fix_that_ends_green(make_project):
    """A candidate whose tests pass is a fix after one run."""
    project = make_project(FILES)
    program = Program(project.root, JSON)
    found = run(project, program, failure("json", "one.py"))
    assert ([fix.validation.ok for fix in found.fixes], program.runs) == ([True], 1)


def test_a_second_error_is_fixed_too(make_project):
    """The fix of two rounds is one candidate with one patch on the original files."""
    project = make_project(FILES)
    found = run(project, Program(project.root, JSON, PATH), failure("json", "one.py"))
    (fix,) = found.fixes
    texts = apply_patch(fix.candidate.patch, project.read)
    assert {path: text.decode().partition("\n")[0] for path, text in texts.items()} == {
        "one.py": "import json",
        "two.py": "from pathlib import Path",
    }
    assert (fix.candidate.confidence, len(fix.candidate.evidence), fix.candidate.learned) == (0.90, 2, True)


def test_progress_is_not_success(make_project):
    """When the error behind the first one cannot be answered, nothing is kept and the error is named."""
    project = make_project({**FILES, "two.py": "def g(x):\n    return frobnicate(x)\n"})
    found = run(project, Program(project.root, JSON, UNKNOWN), failure("json", "one.py"))
    assert (found.fixes, len(found.tried)) == ((), 1)
    assert "behind it comes NameError: name 'frobnicate' is not defined" in found.reason


def test_the_same_error_again_ends_the_search(make_project):
    """A candidate that changes nothing is given up at once."""
    project = make_project(FILES)
    program = Program(project.root, ("json", "one.py", "never"))
    found = run(project, program, failure("json", "one.py"))
    assert (found.fixes, found.reason, program.runs) == ((), "json fails", 1)


def test_rounds_and_time_are_limited(make_project):
    """Not more rounds than allowed, and nothing new after the deadline."""
    project = make_project(FILES)
    assert (
        "not green after 1 rounds"
        in run(project, Program(project.root, JSON, PATH), failure("json", "one.py"), 1).reason
    )
    program = Program(project.root, JSON)
    found = run(project, program, failure("json", "one.py"), deadline=0.0)
    assert (found.reason, program.runs) == ("the time for repairs is used up", 0)


def test_all_readings_that_pass_are_returned(make_project):
    """Two candidates that both end green are two fixes: the ambiguity is not hidden."""
    files = {
        "a.py": "def pack(): ...\n",
        "b.py": "def pack(): ...\n",
        "one.py": "def f(x):\n    return pack(x)\n",
    }
    project = make_project(files)
    found = run(project, Program(project.root, ("pack", "one.py", "import pack")), failure("pack", "one.py"))
    assert len(found.fixes) == 2


def test_guards_are_asked_before_anything_runs(make_project):
    """A refused patch is never tried."""
    project = make_project(FILES)
    program = Program(project.root, JSON)
    found = run(project, program, failure("json", "one.py"), refuse=lambda _patch: "not here")
    assert (found.fixes, found.reason, program.runs) == ((), "not here", 0)


def guesses(project, sure):
    """Two readings of one name, each `sure` once it is the only one left."""
    (made,) = propose(failure("json", "one.py"), project)
    edit = replace(made.patch.edits[0], new=made.patch.edits[0].new.replace("import json", "import wrong"))
    other = replace(made, id="other", patch=replace(made.patch, edits=(edit,)))
    return [replace(one, confidence=0.72, learned=False, if_alone=sure) for one in (made, other)]


@pytest.mark.parametrize(("sure", "confidence"), [(0.86, 0.86), (0.0, 0.72)], ids=["all there are", "some of them"])
def test_tests_choose_between_all_readings_there_are(make_project, sure, confidence):
    """Where a fixer knows every reading, the one whose tests pass is believed; else it stays a guess."""
    project = make_project(FILES)
    bench = tools(project, Program(project.root, JSON))
    found = search(failure("json", "one.py"), guesses(project, sure), bench, wanted=[TEST], rounds=1, deadline=1.0)
    (fix,) = found.fixes
    assert (fix.candidate.confidence, fix.candidate.learned) == (confidence, bool(sure))


@pytest.mark.parametrize(
    "more",
    [{"refuse": lambda patch: "no" if b"wrong" in str(patch).encode() else ""}, {"cures": ""}],
    ids=["one refused", "both pass"],
)
def test_tests_choose_only_where_they_have_spoken(make_project, more):
    """A reading that was not run, or passes too, leaves the other a guess."""
    project = make_project(FILES)
    cure = more.pop("cures", "import json")
    bench = tools(project, Program(project.root, ("json", "one.py", cure)), **more)
    found = search(failure("json", "one.py"), guesses(project, 0.86), bench, wanted=[TEST], rounds=1, deadline=1.0)
    assert {(fix.candidate.confidence, fix.candidate.learned) for fix in found.fixes} == {(0.72, False)}


@pytest.mark.parametrize(
    ("place", "kind", "believed"),
    [
        (("one.py", 1), "TypeError", True),
        (("test_it.py", 3), "AssertionError", True),
        (("two.py", 2), "IndexError", False),
    ],
    ids=["where the reading is", "by a test", "elsewhere"],
)
def test_another_bug_that_comes_to_light_rules_no_reading_out(make_project, place, kind, believed):
    """The right reading may be followed by an error of its own, the wrong one by none."""
    project = make_project({**FILES, "test_it.py": "import one\n"})
    frames = [[str(project.root / place[0]), place[1], "f"]]
    chain = (
        {"type_name": f"builtins.{kind}", "mro": [], "message": "x", "relation": "", "facts": {}, "frames": frames},
    )
    red = RunResult(
        complete=True, outcomes={TEST: "failed"}, errors={TEST: RunError(kind, "x", lineno=place[1], chain=chain)}
    )

    def screen(files):
        ok = b"import json" in files["one.py"]
        return Validation("screen", ok=ok, reason="" if ok else "red"), RunResult(complete=True) if ok else red

    bench = tools(project, screen)
    found = search(failure("json", "one.py"), guesses(project, 0.86), bench, wanted=[TEST], rounds=1, deadline=1.0)
    assert [fix.candidate.learned for fix in found.fixes] == [believed]
