"""Validation children: real processes, real pytest, nothing on disk changes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_selfheal.repair.fixers import propose
from pytest_selfheal.repair.project import Project
from pytest_selfheal.repair.rounds import Tools
from pytest_selfheal.repair.rounds import failure_from
from pytest_selfheal.repair.rounds import search
from pytest_selfheal.repair.validate import ChildSetup
from pytest_selfheal.repair.validate import confirm
from pytest_selfheal.repair.validate import run_tests
from pytest_selfheal.repair.validate import screen
from pytest_selfheal.safety.child_args import child_args

FILES = {
    "pytest.ini": "[pytest]\naddopts = --junitxml=report.xml -x\npythonpath = src\n",
    "src/shop/__init__.py": "NAME = 'old'\n",
    "src/shop/cart.py": "VALUE = 1\n\n\ndef add(a, b):\n    return os.path.join(a, b)\n",
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef number():\n    return 1\n",
    "tests/test_shop.py": (
        "import shop\nfrom shop import cart\n\n\n"
        "def test_name():\n    assert shop.NAME == 'new'\n\n\n"
        "def test_value():\n    assert cart.VALUE == 2\n\n\n"
        "def test_fixture(number):\n    assert number == 2\n\n\n"
        "def test_add():\n    assert cart.add('a', 'b')\n\n\n"
        "def test_itself():\n    value = 1\n    assert value == 2\n"
    ),
    "tests/test_broken.py": "def test_one(:\n    pass\n",
    "tests/test_odd.py": "import time\n\n\ndef test_slow():\n    time.sleep(60)\n",
}
T = "tests/test_shop.py::"


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project(tmp_path)


def setup_of(project, **more):
    options = child_args([], (), "--junitxml=report.xml -x")
    ini = str(project.root / "pytest.ini")
    values = {"options": options, "inipath": ini, "timeout_s": 60.0, **more}
    return ChildSetup(str(project.root), str(project.root), **values)


def tree(root):
    files = sorted(path for path in Path(root).rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_kind_of_file_can_be_laid_over(project):
    """Package, module with Windows line ends, conftest and rewritten test module are seen anew; the disk stays."""
    before = tree(project.root)
    test = FILES["tests/test_shop.py"].replace("value = 1", "value = 2")
    over = {
        "src/shop/__init__.py": b"NAME = 'new'\n",
        "src/shop/cart.py": b"import os\r\nVALUE = 2\r\n\r\ndef add(a, b):\r\n    return os.path.join(a, b)\r\n",
        "tests/conftest.py": FILES["tests/conftest.py"].replace("return 1", "return 2").encode(),
        "tests/test_shop.py": test.encode(),
        "tests/test_broken.py": b"def test_one():\n    pass\n",
    }
    wanted = [f"{T}test_name", f"{T}test_value", f"{T}test_fixture", f"{T}test_add", f"{T}test_itself"]
    validation, run = screen(over, [*wanted, "tests/test_broken.py"], setup_of(project))
    assert (validation.ok, validation.passed) == (True, 6), run.output
    assert tree(project.root) == before


def test_tests_that_read_sources_see_the_overlay_too(project):
    """A linter's test of the new text passes, in whatever way it reads; writing still reaches the disk."""
    (project.root / "tests" / "test_reading.py").write_text(
        "import io, os, pathlib\n"
        "def test_reading(tmp_path):\n"
        "    path = pathlib.Path('src/shop/cart.py')\n"
        "    with open(path, 'rb') as file, io.open(str(path.resolve())) as text:\n"
        "        assert file.read() == b'VALUE = 77\\r\\n' and text.read() == 'VALUE = 77\\n'\n"
        "    assert path.read_text() == 'VALUE = 77\\n' and path.read_bytes().endswith(b'\\r\\n')\n"
        "    other = tmp_path / 'cart.py'\n"
        "    other.write_text('mine')\n"
        "    assert other.read_text() == 'mine' and os.path.getsize(other) == 4\n"
    )
    over = {"src/shop/cart.py": b"VALUE = 77\r\n"}
    validation, run = screen(over, ["tests/test_reading.py::test_reading"], setup_of(project))
    assert validation.ok, run.output


def test_processes_that_a_test_starts_see_the_overlay_too(project):
    """A command-line test of a broken module passes with its fix; the user's own sitecustomize still runs."""
    (project.root / "tests" / "test_started.py").write_text(
        "import os, subprocess, sys\n"
        "def test_started():\n"
        "    code = 'import shop.cart, sitecustomize; print(shop.cart.VALUE, sitecustomize.MINE)'\n"
        "    path = os.pathsep.join([os.environ.get('PYTHONPATH', ''), 'src', 'mine'])\n"
        "    done = subprocess.run([sys.executable, '-c', code], env={**os.environ, 'PYTHONPATH': path},\n"
        "                          capture_output=True, text=True)\n"
        "    assert done.stdout == '77 yes\\n', done.stderr\n"
    )
    (project.root / "mine").mkdir()
    (project.root / "mine" / "sitecustomize.py").write_text("MINE = 'yes'\n")
    over = {"src/shop/cart.py": b"VALUE = 77\n"}
    validation, run = screen(over, ["tests/test_started.py::test_started"], setup_of(project))
    assert validation.ok, run.output


def test_errors_are_recorded_with_the_new_text(project):
    """Assertions are explained, names and places are kept, and only what fails has an error."""
    moved = f"# one line more\n{FILES['src/shop/cart.py']}".encode()
    run = run_tests([f"{T}test_add", f"{T}test_value"], setup_of(project), overlay={"src/shop/cart.py": moved})
    assert run.outcomes == {f"{T}test_add": "failed", f"{T}test_value": "failed"}
    error = run.errors[f"{T}test_add"]
    assert (error.error_type, error.name, error.lineno) == ("NameError", "os", 6)
    assert error.path == str(project.root / "src/shop/cart.py")
    assert "assert 1 == 2" in run.errors[f"{T}test_value"].error_message
    failure = failure_from(f"{T}test_add", error, project)
    assert [(frame.path, frame.in_app) for frame in failure.chain[0].frames][-1] == ("src/shop/cart.py", True)


def test_a_collection_error_is_recorded_with_its_cause(project):
    """A module that cannot be read is an error of its file, told by what is wrong in it."""
    validation, run = screen({}, ["tests/test_broken.py"], setup_of(project))
    assert (validation.ok, run.collection_errors) == (False, ("tests/test_broken.py",))
    assert run.errors["tests/test_broken.py"].error_type == "SyntaxError"


def test_a_broken_root_conftest_is_recorded(project):
    """pytest ends before collecting; the error is there nevertheless."""
    (project.root / "conftest.py").write_text("import nowhere_at_all\n")
    validation, run = screen({}, [f"{T}test_add"], setup_of(project))
    assert not validation.ok
    assert (run.errors["conftest.py"].error_type, run.errors["conftest.py"].name) == (
        "ModuleNotFoundError",
        "nowhere_at_all",
    )


def test_a_child_that_hangs_is_killed(project):
    """After the timeout the child is gone and nothing is proved."""
    validation, run = screen({}, ["tests/test_odd.py::test_slow"], setup_of(project, timeout_s=2.0))
    assert not validation.ok
    assert run.reason == "the tests were still running after 2 s"


def test_a_child_that_dies_proves_nothing(project):
    """A test that ends the process leaves no result."""
    over = {"tests/test_odd.py": b"import os\n\n\ndef test_slow():\n    os._exit(0)\n"}
    validation, _run = screen(over, ["tests/test_odd.py::test_slow"], setup_of(project))
    assert not validation.ok
    assert "the validation process died" in validation.reason


def test_confirm_is_not_fooled_by_stale_bytecode(project):
    """An edit of equal size and time is seen, because the bytecode cache is fresh."""
    path = project.root / "src/shop/__init__.py"
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    code = "import sys; sys.path.insert(0, 'src'); import shop"
    subprocess.run([sys.executable, "-c", code], cwd=project.root, env=environ, check=True)
    status = path.stat()
    path.write_text("NAME = 'new'\n")
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    validation, run = confirm([f"{T}test_name"], setup_of(project), edited=["src/shop/__init__.py"])
    assert validation.ok, run.output


def test_our_settings_and_coverage_do_not_reach_the_child(project, monkeypatch):
    """Variables of this plugin, of pytest and of a coverage run are kept out."""
    for key in ("SELFHEAL_MODE", "PYTEST_ADDOPTS", "COV_CORE_SOURCE", "PYTEST_XDIST_WORKER"):
        monkeypatch.setenv(key, "--nonsense")
    over = {
        "tests/test_odd.py": b"import os\n\n\ndef test_slow():\n    assert '--nonsense' not in os.environ.values()\n"
    }
    validation, run = screen(over, ["tests/test_odd.py::test_slow"], setup_of(project))
    assert validation.ok, run.output


@pytest.mark.parametrize("as_module", [True, False], ids=["python -m pytest", "pytest"])
def test_the_working_directory_is_importable_only_if_it_was(project, as_module):
    """The child finds modules of the working directory exactly when the user's pytest did."""
    (project.root / "at_the_root.py").write_text("")
    over = {"tests/test_odd.py": b"def test_slow():\n    import at_the_root\n"}
    validation, _run = screen(over, ["tests/test_odd.py::test_slow"], setup_of(project, cwd_on_path=as_module))
    assert validation.ok is as_module


def test_two_missing_imports_behind_each_other_are_found(project):
    """From the recorded error to a fix of two rounds, with real children."""
    (project.root / "src/shop/cart.py").write_text(
        "from shop.names import join\n\n\ndef add(a, b):\n    return os.fspath(join(a, b))\n"
    )
    (project.root / "src/shop/names.py").write_text("def join(a, b):\n    return Path(a, b)\n")
    (project.root / "tests/test_shop.py").write_text(
        "from shop import cart\n\n\ndef test_add():\n    assert cart.add('a', 'b')\n"
    )
    project = Project(project.root)
    setup = setup_of(project)
    before = tree(project.root)
    first = run_tests([f"{T}test_add"], setup)
    failure = failure_from(f"{T}test_add", first.errors[f"{T}test_add"], project)
    tools = Tools(
        propose=lambda failure, over: propose(failure, project.laid_over(over)),
        screen=lambda files: screen(files, [f"{T}test_add"], setup),
        read=project.read,
        project=project,
        now=lambda: 0.0,
    )
    found = search(failure, propose(failure, project), tools, wanted=[f"{T}test_add"], rounds=5, deadline=1.0)
    (fix,) = found.fixes
    assert {edit.path: edit.new for edit in fix.candidate.patch.edits} == {
        "src/shop/cart.py": "import os\n\n",
        "src/shop/names.py": "from pathlib import Path\n\n\n",
    }
    assert tree(project.root) == before
