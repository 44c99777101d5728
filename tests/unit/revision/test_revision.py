"""Which commit is checked out, and what changed since the base: asked of real repositories."""

from __future__ import annotations

import subprocess

import pytest

from pytest_selfheal import revision


class Repository:
    """A git repository with a `main` of two commits."""

    def __init__(self, root):
        self.root = root

    def git(self, *arguments, cwd=None):
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments]
        done = subprocess.run(command, cwd=cwd or self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name, text="x\n"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    """On branch `main`, everything committed."""
    made = Repository(tmp_path / "repo")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.write("sub/a.py")
    made.write("b.py")
    made.commit()
    return made


def test_the_commit_is_read_from_git_s_own_files(repository):
    """Loose and packed branches, a detached head, from a folder below, in a linked work tree."""
    head = repository.git("rev-parse", "HEAD")
    assert revision.head_commit(repository.root) == head
    assert revision.head_commit(repository.root / "sub") == head
    repository.git("pack-refs", "--all")
    assert revision.head_commit(repository.root) == head
    repository.git("checkout", "-q", "--detach")
    assert revision.head_commit(repository.root) == head
    tree = repository.root.parent / "tree"
    repository.git("worktree", "add", "-q", "-b", "other", str(tree))
    assert revision.head_commit(tree) == head


@pytest.mark.parametrize("content", [None, "ref: refs/heads/none\n", "ref: ../../secret\n", "nonsense", "\xff\xfe"])
def test_without_a_commit_there_is_no_answer(tmp_path, content):
    """No repository, an unborn branch, a name that leads elsewhere, rubbish."""
    if content is not None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_bytes(content.encode("latin-1"))
        (tmp_path / "secret").write_text("0" * 40)
    assert revision.head_commit(tmp_path / "x" if content is None else tmp_path) == ""


def test_changed_files_are_those_since_the_branch_left_its_base(repository):
    """Committed, not committed, new, deleted and moved ones; what the base did meanwhile is none of them."""
    repository.git("checkout", "-q", "-b", "topic")
    repository.write("sub/c é.py")
    repository.git("mv", "b.py", "moved.py")
    repository.commit()
    repository.write("sub/a.py", "changed\n")
    repository.write("new.py")
    repository.git("stash", "-q", "-u")
    repository.git("checkout", "-q", "main")
    repository.write("of_the_base.py")
    base = repository.commit()
    repository.git("checkout", "-q", "topic")
    repository.git("stash", "pop", "-q")
    assert revision.changed_files(repository.root, base) == {"sub/c é.py", "b.py", "moved.py", "sub/a.py", "new.py"}
    assert revision.changed_files(repository.root / "sub", base) == {"c é.py", "a.py"}
    assert revision.changed_files(repository.root, "0" * 40) is None


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"GITHUB_BASE_REF": "main"}, "origin/main"),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "dev"}, "origin/dev"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCHNAME": "refs/heads/dev"}, "origin/dev"),
        ({"TRAVIS_PULL_REQUEST_BRANCH": "false"}, ""),
    ],
)
def test_the_ci_service_names_the_base(environ, name):
    """What was named on the command line goes first."""
    assert revision.base_name("", environ) == name
    assert revision.base_name("mine", environ) == "mine"


def test_the_base_is_looked_for_at_the_remote_first(repository, tmp_path):
    """A local branch of the name may be old; without a name it is the remote's default, or its main."""
    repository.git("branch", "old")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", str(repository.root), str(clone))
    head = repository.git("rev-parse", "HEAD")
    assert revision.find_base(clone, "main") == ("origin/main", head)
    assert revision.find_base(clone, "") == ("origin/HEAD", head)
    repository.git("remote", "set-head", "origin", "--delete", cwd=clone)
    assert revision.find_base(clone, "") == ("origin/main", head)
    assert revision.find_base(clone, "none") == ("none", "")


def test_files_of_a_commit_are_read_without_touching_the_tree(repository):
    """Relative to the root of the project, which may lie below that of the repository."""
    head = repository.git("rev-parse", "HEAD")
    repository.write("b.py", "other\n")
    assert revision.file_at(repository.root, head, "b.py") == b"x\n"
    assert revision.file_at(repository.root / "sub", head, "a.py") == b"x\n"
    assert revision.file_at(repository.root, head, "none.py") is None
    assert not revision.is_clean(repository.root)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, b"mine\n"),
        ({"GITHUB_BASE_REF": "main"}, b"x\n"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCHNAME": "refs/heads/main"}, b"x\n"),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "main"}, b"x\n"),
        ({"GITHUB_BASE_REF": "not-fetched"}, None),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "--output=stolen"}, None),
    ],
    ids=["no pull request", "GitHub", "Azure", "GitLab", "base not at hand", "hostile"],
)
def test_a_trusted_file_comes_from_the_base_branch_of_a_pull_request(repository, environ, expected):
    """What the pull request itself says of the file does not count; without its base there is no answer."""
    repository.git("remote", "add", "origin", str(repository.root))
    repository.git("fetch", "-q", "origin")
    repository.git("checkout", "-q", "-b", "change")
    repository.write("b.py", "mine\n")
    repository.commit()
    assert revision.base_file(repository.root, "b.py", environ) == expected
    assert not (repository.root / "stolen").exists()


def test_without_git_there_are_no_answers(tmp_path, monkeypatch):
    """A folder that is no repository, and a machine without git: None or nothing, never an error."""
    for _round in range(2):
        assert revision.base_file(tmp_path, "a.py", {}) is None
        assert revision.commits_since(tmp_path, "HEAD", 5) is None
        assert revision.describe(tmp_path, "HEAD") is None
        assert revision.files_of(tmp_path, "HEAD") == []
        monkeypatch.setenv("PATH", "")
