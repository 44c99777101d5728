"""`selfheal commit` on a remote: built on its tip, pushed by comparison, with nothing touched here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from git_repositories import git
from git_repositories import nobody_may_write
from git_repositories import state
from git_repositories import tree

OWN = "selfheal/regressions"
COMMITTERS = 8


@pytest.fixture
def default_branch(monkeypatch, tmp_path):
    """The surroundings of a push to the default branch."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}))
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
    for name, value in {**variables, "GITHUB_EVENT_PATH": str(event)}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def review(monkeypatch, tmp_path, remote):
    """The surroundings of a pull request; call it with the repository the change comes from."""
    git(remote, "branch", "topic", "main")

    def make(head="team/app", actor="dev"):
        repo = {"head": {"repo": {"full_name": head}}, "base": {"repo": {"full_name": "team/app"}}}
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"pull_request": repo}))
        variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_HEAD_REF": "topic",
            "GITHUB_ACTOR": actor,
            "GITHUB_EVENT_PATH": str(event),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return make


@pytest.fixture
def runner(clone):
    """A checkout as CI makes it: depth 1, detached, dirty."""
    return clone(runner=True)


def test_a_run_of_the_default_branch_pushes_a_branch_of_its_own(default_branch, runner, remote, generate, commit):
    """One commit on top of main with nothing but the file; main and the checkout stay as they are."""
    path = generate(runner)
    before, main = state(runner), git(remote, "rev-parse", "main")
    status, document = commit(runner)
    assert (status, document["status"], document["branch"]) == (0, "pushed", OWN)
    assert git(remote, "diff-tree", "-r", "--name-status", "main", OWN) == f"A\t{path}"
    assert git(remote, "rev-parse", f"{OWN}^") == git(remote, "rev-parse", "main") == main
    assert state(runner) == before


def test_a_repeat_pushes_nothing(default_branch, runner, remote, generate, commit):
    """Neither while the branch waits for review nor when it has been merged."""
    generate(runner)
    commit(runner)
    tip = git(remote, "rev-parse", OWN)
    assert commit(runner)[1]["status"] == "nothing"
    git(remote, "update-ref", "refs/heads/main", OWN)
    git(remote, "update-ref", "-d", f"refs/heads/{OWN}")
    assert commit(runner)[1]["status"] == "nothing"
    assert git(remote, "for-each-ref", "--format=%(objectname) %(refname)") == f"{tip} refs/heads/main"


def test_later_tests_are_added_on_top_of_the_waiting_branch(default_branch, runner, remote, generate, commit):
    """Ours may be built upon, as long as all of it is ours, also after four runs."""
    paths = []
    for number in range(4):
        paths.append(generate(runner, number))
        assert commit(runner)[0] == 0
    assert set(paths) <= set(tree(remote, OWN))
    assert git(remote, "rev-list", "--count", f"main..{OWN}") == "4"


@pytest.mark.parametrize("how", ["commit", "merge"])
def test_a_branch_with_commits_of_others_is_left_to_them(default_branch, runner, remote, clone, generate, commit, how):
    """Ours goes to the next name; theirs is not moved, let alone forced."""
    generate(runner)
    commit(runner)
    person = clone("person")
    git(person, "checkout", "-q", OWN)
    if how == "merge":
        git(person, "commit", "-q", "--allow-empty", "-m", "on main")
        git(person, "push", "-q", "origin", "HEAD:main")
        git(person, "reset", "-q", "--hard", f"origin/{OWN}")
        git(person, "merge", "-q", "--no-ff", "-m", "update\n\nSelfheal-Run: copied", "origin/main")
    else:
        git(person, "commit", "-q", "--allow-empty", "-m", "mine")
    git(person, "push", "-q", "origin", OWN)
    theirs = git(remote, "rev-parse", OWN)
    second = generate(runner, "two")
    status, document = commit(runner)
    assert (status, document["branch"]) == (0, f"{OWN}-2")
    assert git(remote, "rev-parse", OWN) == theirs
    assert second in tree(remote, f"{OWN}-2")


def test_eight_committers_at_once_all_land(default_branch, remote, clone, generate):
    """From dirty, detached clones of depth 1, all at the same time; a repeat does nothing, nothing else moves."""
    roots = [clone(f"clone{number}", runner=True) for number in range(COMMITTERS)]
    paths = [generate(root, number) for number, root in enumerate(roots)]
    shared = {generate(root, "shared") for root in roots}
    before, main = [state(root) for root in roots], git(remote, "rev-parse", "main")

    def everybody():
        command = [sys.executable, "-m", "pytest_selfheal.cli", "commit", "--json"]
        started = [
            subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for root in roots
        ]
        ended = [(process, *process.communicate(timeout=120)) for process in started]
        assert [process.returncode for process, _out, _err in ended] == [0] * COMMITTERS, ended
        return [json.loads(out) for _process, out, _err in ended]

    first = everybody()
    landed = git(remote, "diff-tree", "-r", "--name-status", "main", OWN).splitlines()
    assert landed == sorted(f"A\t{path}" for path in {*paths, *shared})
    assert git(remote, "rev-list", "--count", f"main..{OWN}") == str(COMMITTERS)
    assert max(document["tries"] for document in first) > 1
    tip = git(remote, "rev-parse", OWN)
    assert {document["status"] for document in everybody()} == {"nothing"}
    assert [state(root) for root in roots] == before
    assert (git(remote, "rev-parse", OWN), git(remote, "rev-parse", "main")) == (tip, main)


def test_a_remote_that_has_moved_on_is_built_upon(default_branch, runner, clone, remote, generate, commit):
    """The checkout is old; the commit is not."""
    person = clone("person")
    (person / "app.py").write_text("VERSION = 9\n")
    git(person, "commit", "-qam", "ahead")
    git(person, "push", "-q", "origin", "main")
    path = generate(runner)
    assert commit(runner, "--mode", "commit", "--push")[1]["branch"] == "main"
    assert git(remote, "show", "main:app.py") == "VERSION = 9"
    assert path in tree(remote, "main")


def test_a_change_under_review_gets_a_patch(review, runner, remote, generate, commit):
    """Nothing is pushed unless it is asked for; then the commit goes to the branch under review."""
    review()
    path = generate(runner)
    refs = git(remote, "for-each-ref")
    status, document = commit(runner)
    assert (status, document["status"], document["files"]) == (0, "patch", [path])
    assert git(remote, "for-each-ref") == refs
    assert commit(runner, "--push")[1]["branch"] == "topic"
    assert path in tree(remote, "topic")
    assert path not in tree(remote, "main")


@pytest.mark.parametrize(("head", "actor"), [("stranger/app", "dev"), ("team/app", "dependabot[bot]"), ("", "dev")])
@pytest.mark.parametrize("options", [(), ("--push",), ("--mode", "commit", "--push"), ("--mode", "branch")])
def test_a_stranger_never_pushes(review, runner, remote, generate, commit, head, actor, options):
    """Forks, Dependabot and descriptions that say nothing: a patch, whatever is asked for."""
    review(head, actor)
    generate(runner)
    before, refs = state(runner), git(remote, "for-each-ref")
    status, document = commit(runner, *options)
    assert status == int("--mode" in options)
    assert document["mode"] == "patch"
    assert git(remote, "for-each-ref") == refs
    assert state(runner) == before


def test_three_commits_of_ours_in_a_row_look_like_a_loop(default_branch, runner, remote, generate, commit):
    """A run that commits, whose commit starts a run that commits: it ends here."""
    for number in range(3):
        generate(runner, number)
        assert commit(runner, "--mode", "commit", "--push")[0] == 0
    generate(runner, "four")
    tip = git(remote, "rev-parse", "main")
    status, document = commit(runner, "--mode", "commit", "--push")
    assert (status, document["status"]) == (1, "refused")
    assert "loop" in document["reason"]
    assert git(remote, "rev-parse", "main") == tip


def test_a_protected_branch_is_named_and_the_patch_left(default_branch, runner, remote, generate, commit):
    """No second try: the remote will not change its mind."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho x >> count\necho 'error: GH006: Protected branch update failed' >&2\nexit 1\n")
    hook.chmod(0o755)
    generate(runner)
    status, document = commit(runner, "--mode", "commit", "--push")
    assert (status, document["tries"]) == (1, 1)
    assert "protects main" in document["reason"]
    assert (remote / "count").read_text() == "x\n"
    assert (runner / "selfheal-out" / "selfheal.patch").stat().st_size > 0


MOVING = """#!/bin/sh
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
echo x >> count
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.invalid GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.invalid
new=$(git commit-tree -p main -m "somebody was faster" main^{tree}) && git update-ref refs/heads/main "$new"
"""


def test_whoever_always_comes_too_late_gives_up_after_eight_tries(
    default_branch, runner, remote, generate, commit, monkeypatch
):
    """The branch moves during every push: nothing is forced, nothing of the others is lost, the patch is left."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(MOVING)
    hook.chmod(0o755)
    generate(runner)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    status, document = commit(runner, "--mode", "commit", "--push")
    assert (status, document["tries"]) == (1, 8)
    assert "moved during each of 8 tries" in document["reason"]
    assert git(remote, "log", "-8", "--format=%s", "main").splitlines() == ["somebody was faster"] * 8
    assert (runner / "selfheal-out" / "selfheal.patch").stat().st_size > 0


def test_a_branch_in_the_way_of_ours_is_told(default_branch, runner, remote, generate, commit):
    """A branch named `selfheal` leaves no room for `selfheal/regressions`."""
    git(remote, "branch", "selfheal", "main")
    generate(runner)
    status, document = commit(runner)
    assert (status, document["tries"]) == (1, 1)
    assert "leaves no room" in document["reason"]
    assert commit(runner, "--branch", "learned")[0] == 0


def test_a_branch_named_like_a_file_is_a_branch(default_branch, runner, remote, generate, commit):
    """And a tag of the same name is no branch."""
    git(remote, "tag", "notes.txt", "main")
    path = generate(runner)
    assert commit(runner, "--branch", "notes.txt")[0] == 0
    assert path in tree(remote, "refs/heads/notes.txt")
    assert path not in tree(remote, "refs/tags/notes.txt")


@pytest.mark.parametrize("trouble", ["no remote", "unreachable", "no such branch"])
def test_a_remote_that_is_not_there_leaves_the_patch(default_branch, runner, generate, commit, monkeypatch, trouble):
    """Exit status 1 and a sentence, never a traceback."""
    generate(runner)
    if trouble == "no remote":
        git(runner, "remote", "remove", "origin")
    elif trouble == "unreachable":
        git(runner, "remote", "set-url", "origin", "/nowhere/at/all.git")
    else:
        monkeypatch.setenv("SELFHEAL_TRUST", "trusted_ci")
        monkeypatch.setenv("GITHUB_REF", "refs/heads/gone")
    status, document = commit(runner)
    assert (status, document["status"]) == (1, "refused")
    assert document["reason"]
    assert (runner / "selfheal-out" / "selfheal.patch").stat().st_size > 0


def test_a_dry_run_pushes_nothing(default_branch, runner, remote, generate, commit):
    """It fetches, builds and tells."""
    path = generate(runner)
    refs = git(remote, "for-each-ref")
    status, document = commit(runner, "--dry-run")
    assert (status, document["status"], document["files"]) == (0, "pushed", [path])
    assert git(remote, "for-each-ref") == refs
    assert not (runner / "selfheal-out").exists()


def test_settings_that_push_more_do_not(default_branch, runner, remote, generate, commit):
    """Tags, other branches and hooks stay at home whatever the user has set."""
    for key, value in (("push.followTags", "true"), ("push.default", "matching"), ("remote.origin.push", "+HEAD:main")):
        git(runner, "config", key, value)
    git(runner, "tag", "-a", "-m", "x", "v1")
    hook = runner / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\ntouch hooked\nexit 1\n")
    hook.chmod(0o755)
    main = git(remote, "rev-parse", "main")
    generate(runner)
    assert commit(runner)[0] == 0
    assert git(remote, "tag") == ""
    assert git(remote, "rev-parse", "main") == main
    assert not (runner / "hooked").exists()


def test_another_job_commits_what_a_job_without_rights_left(default_branch, runner, clone, remote, generate, commit):
    """--from takes manifest and copies: neither the store nor the generated file is in the second checkout."""
    path = generate(runner)
    commit(runner, "--mode", "patch")
    second = clone("second", runner=True)
    status, document = commit(second, "--from", str(runner / "selfheal-out"))
    assert (status, document["files"]) == (0, [path])
    assert git(remote, "show", f"{OWN}:{path}") + "\n" == (runner / path).read_text()


def test_settings_for_the_server_come_along_but_only_those(runner, default_branch, remote, generate, commit):
    """How a server is reached may stand in the checkout's own settings, as checkout actions write it."""
    git(runner, "config", "http.extraHeader", "AUTHORIZATION: basic c2VjcmV0")
    git(runner, "config", "core.bare", "false")
    git(runner, "config", "core.worktree", str(runner))
    generate(runner)
    assert commit(runner)[0] == 0


def test_a_developer_pushes_the_commit_alone_or_not_at_all(clone, remote, generate, commit):
    """--push from a checkout with other unpushed commits would publish them."""
    root = clone()
    first = generate(root)
    assert commit(root, "--push")[1]["status"] == "pushed"
    assert first in tree(remote, "main")
    git(root, "commit", "-q", "--allow-empty", "-m", "not yet")
    generate(root, "two")
    tip = git(remote, "rev-parse", "main")
    status, document = commit(root, "--push")
    assert (status, document["status"]) == (1, "refused")
    assert "committed here but not pushed" in document["reason"]
    assert git(remote, "rev-parse", "main") == tip


def test_a_full_clone_does_not_become_shallow(default_branch, clone, generate, commit):
    """Fetching with a depth would cut the history of the checkout it is done in."""
    root = clone()
    generate(root)
    assert commit(root)[0] == 0
    assert not (root / ".git" / "shallow").exists()
    assert git(root, "rev-list", "--count", "HEAD") == "4"


def test_a_repository_that_cannot_be_written_is_no_obstacle_for_a_push(
    default_branch, runner, remote, generate, commit
):
    """Everything is built in a temporary repository."""
    path = generate(runner)
    with nobody_may_write(runner):
        status, _document = commit(runner)
    assert status == 0
    assert path in tree(remote, OWN)
