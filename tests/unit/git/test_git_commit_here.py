"""`selfheal commit` on the user's own checkout: one commit of generated files, and nothing else moves."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from git_repositories import git
from git_repositories import nobody_may_write
from git_repositories import state
from git_repositories import tree


@pytest.fixture
def project(clone):
    """A developer's clone with work that is staged, changed and not added."""
    root = clone()
    (root / "app.py").write_text("VERSION = 'staged'\n")
    git(root, "add", "app.py")
    (root / "notes.txt").write_text("changed\n")
    (root / "new.txt").write_text("not added\n")
    return root


def test_the_commit_holds_the_generated_file_and_nothing_else(project, generate, commit):
    """Staged work stays staged, changed work stays changed, the new file is clean afterwards."""
    path = generate(project)
    status, document = commit(project)
    assert (status, document["status"], document["files"]) == (0, "committed", [path])
    assert git(project, "diff-tree", "-r", "--no-commit-id", "--name-status", "HEAD") == f"A\t{path}"
    assert git(project, "status", "--short").splitlines() == ["M  app.py", " M notes.txt", "?? new.txt"]
    assert git(project, "show", f"HEAD:{path}") + "\n" == (project / path).read_text()


def test_the_message_is_made_of_counts_and_hashes(project, generate, commit):
    """Nothing from a test stands in it; author and committer are the bot, whom no identity is needed for."""
    for seed in ("one", "two"):
        generate(project, seed)
    commit(project, "--email", "bot@example.invalid")
    said = git(project, "log", "-1", "--format=%an|%ae|%cn%n%B").splitlines()
    assert said[:2] == [
        "pytest-selfheal[bot]|bot@example.invalid|pytest-selfheal[bot]",
        "test: add 2 regression tests learned by pytest-selfheal",
    ]
    assert [line.partition(":")[0] for line in said[3:]] == ["Selfheal-Signature"] * 2 + ["Selfheal-Run"]
    assert "skip ci" not in "".join(said)


def test_skip_ci_is_a_wish_with_a_warning(project, generate, commit):
    """Required checks would stay pending."""
    generate(project)
    _status, document = commit(project, "--skip-ci")
    assert "[skip ci]" in git(project, "log", "-1", "--format=%s")
    assert "required checks" in document["notices"][0]


def test_a_repeat_does_nothing(project, generate, commit):
    """The same files make no second commit, and no difference."""
    generate(project)
    commit(project)
    before = state(project)
    status, document = commit(project)
    assert (status, document["status"], document["commit"]) == (0, "nothing", "")
    assert state(project) == before


def test_a_dry_run_writes_nothing_at_all(project, generate, commit):
    """It tells what would be committed."""
    path = generate(project)
    before = state(project)
    status, document = commit(project, "--dry-run")
    assert (status, document["status"], document["files"], document["dry_run"]) == (0, "committed", [path], True)
    assert state(project) == before
    assert not (project / "selfheal-out").exists()


def test_patch_and_manifest_are_always_left(project, generate, commit):
    """The patch applies to what HEAD was; the folder keeps itself out of git and out of pytest's collection."""
    path = generate(project)
    commit(project, "--mode", "patch")
    out = project / "selfheal-out"
    manifest = json.loads((out / "manifest.json").read_text())
    assert [file["path"] for file in manifest["files"]] == [path]
    (project / path).unlink()
    git(project, "apply", str(out / "selfheal.patch"))
    assert git(project, "hash-object", path) in (out / "selfheal.patch").read_text()
    assert "selfheal-out" not in git(project, "status", "--short")
    assert not list(out.rglob("*.py"))


@pytest.mark.parametrize(
    "hook", ["pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-index-change"]
)
def test_no_hook_runs(project, generate, commit, hook):
    """A hook could refuse, or put other things into the commit."""
    generate(project)
    script = project / ".git" / "hooks" / hook
    script.write_text("#!/bin/sh\ntouch hooked\nexit 1\n")
    script.chmod(0o755)
    assert commit(project)[0] == 0
    assert not list(project.rglob("hooked"))


def test_a_hook_folder_in_the_settings_does_not_run_either(project, generate, commit):
    """core.hooksPath of the repository; and no filter changes what is committed."""
    path = generate(project)
    hooks = project / ".git" / "elsewhere"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    git(project, "config", "core.hooksPath", str(hooks))
    git(project, "config", "filter.x.clean", "sed s/^/X/")
    (project / ".git" / "info" / "attributes").write_text("*.py filter=x\n")
    assert commit(project)[0] == 0
    assert git(project, "show", f"HEAD:{path}") + "\n" == (project / path).read_text()


def test_a_detached_head_moves_and_says_so(project, generate, commit):
    """The commit would otherwise be lost without a word."""
    git(project, "stash", "-q")
    git(project, "checkout", "-q", "--detach")
    path = generate(project)
    status, document = commit(project)
    assert status == 0
    assert "detached" in document["notices"][0]
    assert path in tree(project, "HEAD")
    assert path not in tree(project, "main")


def test_the_first_commit_of_a_repository_can_be_ours(tmp_path, generate, commit):
    """HEAD names no commit yet."""
    git(tmp_path, "init", "-q", "fresh")
    path = generate(tmp_path / "fresh")
    assert commit(tmp_path / "fresh")[0] == 0
    assert tree(tmp_path / "fresh", "HEAD") == [path]


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_nothing_is_committed_in_the_middle_of_an_operation(project, generate, commit, operation):
    """The commit would become part of it; the patch is there all the same."""
    marks = {"merge": "MERGE_HEAD", "cherry-pick": "CHERRY_PICK_HEAD", "revert": "REVERT_HEAD", "bisect": "BISECT_LOG"}
    generate(project)
    if operation == "rebase":
        (project / ".git" / "rebase-merge").mkdir()
    else:
        (project / ".git" / marks[operation]).write_text(git(project, "rev-parse", "HEAD") + "\n")
    head = git(project, "rev-parse", "HEAD")
    status, document = commit(project)
    assert (status, document["status"]) == (1, "refused")
    assert f"{operation} is in progress" in document["reason"]
    assert git(project, "rev-parse", "HEAD") == head
    assert (project / "selfheal-out" / "selfheal.patch").stat().st_size > 0


def test_a_real_conflicted_merge_is_left_alone(project, generate, commit):
    """The same with git's own merge, whose conflict stays as it is."""
    git(project, "stash", "-q")
    git(project, "checkout", "-qb", "topic", "HEAD~1")
    (project / "app.py").write_text("VERSION = 'topic'\n")
    git(project, "commit", "-qam", "topic")
    git(project, "merge", "main", check=False)
    generate(project)
    before = state(project)
    assert commit(project)[0] == 1
    assert state(project) == before


def test_an_ignored_folder_is_refused(project, generate, commit):
    """Whoever ignores the folder does not want it committed; forcing it in would be ours, not theirs."""
    (project / ".gitignore").write_text("tests/regressions/\n")
    path = generate(project)
    status, document = commit(project)
    assert (status, document["files"]) == (1, [])
    assert "git ignores it" in document["skipped"][0]["reason"]
    assert path not in tree(project, "HEAD")


def test_another_worktree_gets_its_own_commit(project, generate, commit):
    """The branch of the worktree moves, that of the main checkout does not."""
    other = project.parent / "other"
    git(project, "worktree", "add", "-q", "-b", "side", str(other))
    path = generate(other)
    main = git(project, "rev-parse", "main")
    assert commit(other)[0] == 0
    assert path in tree(project, "side")
    assert git(project, "rev-parse", "main") == main
    assert git(other, "status", "--short").splitlines() in ([], ["?? .selfheal/"])


def test_inside_a_submodule_the_submodule_gets_the_commit(project, remote, generate, commit):
    """The repository around it is not touched."""
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", remote.as_uri(), "library")
    git(project, "commit", "-qm", "library")
    path = generate(project / "library")
    head = git(project, "rev-parse", "HEAD")
    assert commit(project / "library")[0] == 0
    assert path in tree(project / "library", "HEAD")
    assert git(project, "rev-parse", "HEAD") == head


def test_a_regression_folder_inside_a_submodule_is_refused(project, remote, generate, commit):
    """The file belongs to another repository."""
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", remote.as_uri(), "tests")
    git(project, "commit", "-qm", "tests")
    generate(project)
    status, document = commit(project)
    assert status == 1
    assert "a repository of its own" in document["skipped"][0]["reason"]


def test_a_submodule_that_is_not_checked_out_is_not_overwritten(project, remote, generate, commit):
    """The folder looks ordinary on disk, but the repository knows better."""
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", remote.as_uri(), "tests")
    git(project, "commit", "-qm", "tests")
    git(project, "submodule", "deinit", "-f", "tests")
    generate(project)
    status, document = commit(project)
    assert (status, document["files"]) == (0, [])
    assert "a submodule in the repository" in document["skipped"][0]["reason"]


def test_a_sparse_checkout_is_no_obstacle(project, generate, commit):
    """`git add` would refuse a path outside the cone."""
    git(project, "stash", "-qu")
    git(project, "sparse-checkout", "set", "docs")
    path = generate(project)
    assert commit(project)[0] == 0
    assert {path, "app.py"} <= set(tree(project, "HEAD"))
    assert git(project, "status", "--short") == ""


@pytest.mark.parametrize(
    "folder", ["-x", ":(exclude)x", ":(top)", "a b", "line\nbreak", "\u00e4\u2028", "--upload-pack=x"]
)
def test_a_hostile_folder_name_is_only_a_name(project, generate, commit, folder):
    """No option, no pathspec, no second line."""
    (project / "pyproject.toml").write_text(f"[tool.selfheal]\nregression_dir = {json.dumps(folder)}\n")
    path = generate(project, folder=folder)
    status, document = commit(project)
    assert (status, document["files"]) == (0, [path])
    listed = git(project, "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "HEAD").split("\0")
    assert listed[:-1] == [path]


@pytest.mark.parametrize(
    "name",
    [
        "-x.py",
        ":(exclude)x.py",
        "a\nb.py",
        "../app.py",
        "tests/regressions/../../app.py",
        "app.py",
        ".git/hooks/pre-commit",
    ],
)
def test_only_the_names_of_generated_tests_are_taken_from_a_manifest(project, generate, commit, name):
    """A manifest that lists anything else is not believed at all."""
    good = generate(project)
    commit(project, "--mode", "patch")
    manifest = project / "selfheal-out" / "manifest.json"
    data = json.loads(manifest.read_text())
    data["files"].append({**data["files"][0], "path": name})
    manifest.write_text(json.dumps(data))
    status, document = commit(project, "--from", str(project / "selfheal-out"))
    assert (status, document["status"], document["files"]) == (1, "refused", [])
    assert good not in tree(project, "HEAD")


def test_a_sha256_repository_works(tmp_path, generate, commit):
    """Names of objects have 64 digits there."""
    git(tmp_path, "init", "-q", "--object-format=sha256", "wide")
    root = tmp_path / "wide"
    path = generate(root)
    status, document = commit(root)
    assert (status, len(document["commit"])) == (0, 64)
    assert tree(root, "HEAD") == [path]


@pytest.mark.parametrize("how", ["autocrlf", "attributes"])
def test_line_ends_of_the_checkout_do_not_reach_the_commit(project, generate, commit, how):
    """A file with CRLF on disk is the same file: committed with LF, and no change when it is there already."""
    if how == "autocrlf":
        git(project, "config", "core.autocrlf", "true")
    else:
        (project / ".git" / "info" / "attributes").write_text("*.py text eol=crlf\n")
    path = generate(project)
    (project / path).write_bytes((project / path).read_bytes().replace(b"\n", b"\r\n"))
    assert commit(project)[0] == 0
    blob = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=project, capture_output=True, check=True).stdout
    assert b"\r" not in blob
    assert git(project, "status", "--short", "--", path) == ""
    assert commit(project)[1]["status"] == "nothing"


def test_a_file_edited_by_a_person_is_theirs_to_commit(project, generate, commit):
    """It is reported and left out; the others are committed."""
    mine, other = generate(project, "mine"), generate(project, "other")
    (project / mine).write_text((project / mine).read_text() + "# mine\n")
    status, document = commit(project)
    assert (status, document["files"]) == (0, [other])
    assert [(one["path"], "by a person" in one["reason"]) for one in document["skipped"]] == [(mine, True)]


def test_a_file_edited_in_the_repository_stays_as_it_is(project, generate, commit):
    """Somebody committed an edited one; the generated text does not come back over it."""
    path = generate(project)
    original = (project / path).read_text()
    (project / path).write_text(original + "# edited\n")
    git(project, "add", path)
    git(project, "commit", "-qm", "edited", "--", path)
    (project / path).write_text(original)
    status, document = commit(project)
    assert (status, document["files"]) == (0, [])
    assert "edited by a person in the repository" in document["skipped"][0]["reason"]
    assert git(project, "show", f"HEAD:{path}").endswith("# edited")


def test_what_the_user_staged_under_the_same_name_stays_staged(project, generate, commit):
    """The commit is ours, the index is theirs."""
    path = generate(project)
    blob = git(project, "hash-object", "-w", "--stdin", data="theirs\n")
    git(project, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    assert commit(project)[0] == 0
    assert git(project, "ls-files", "--stage", path).split()[1] == blob


def test_many_files_at_once_are_suspicious(project, generate, commit):
    """Nothing is committed; a person looks first."""
    for seed in range(3):
        generate(project, seed)
    status, document = commit(project, "--max-files", "2")
    assert (status, document["status"]) == (1, "refused")
    assert "suspicious volume" in document["reason"]
    assert commit(project, "--max-files", "3")[0] == 0


@pytest.mark.parametrize("trouble", ["link", "linked folder", "folder", "fifo", "large", "not utf-8"])
def test_what_is_no_plain_small_file_is_refused(project, generate, commit, trouble):
    """Nothing is read through links, nothing but a regular file is opened."""
    path = project / generate(project)
    if trouble == "linked folder":
        path.parent.rename(project / "elsewhere")
        path.parent.symlink_to(project / "elsewhere")
    else:
        text = path.read_bytes()
        path.unlink()
    if trouble == "link":
        (project / "target.py").write_bytes(text)
        path.symlink_to(project / "target.py")
    elif trouble == "folder":
        path.mkdir()
    elif trouble == "fifo":
        os.mkfifo(path)
    elif trouble == "large":
        path.write_bytes(text + b"#" * 70_000)
    elif trouble == "not utf-8":
        path.write_bytes(text + b"\xff\n")
    status, document = commit(project)
    assert (status, document["status"], document["skipped"][0]["refused"]) == (1, "refused", True)


def test_a_changed_copy_does_not_pass_the_manifest(project, generate, commit, failure_record):
    """The hash of the manifest decides, not only the file's own stamp."""
    generate(project)
    commit(project, "--mode", "patch")
    (copy,) = (project / "selfheal-out" / "files").rglob("*.txt")
    manifest = project / "selfheal-out" / "manifest.json"
    data = json.loads(manifest.read_text())
    data["files"][0]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(data))
    status, document = commit(project, "--from", str(project / "selfheal-out"))
    assert status == 1
    assert "not that of the manifest" in document["skipped"][0]["reason"]
    assert copy.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "other/9"}', "[" * 100_000, '{"schema": NaN}'])
def test_a_damaged_manifest_is_an_error_and_nothing_else(project, commit, content):
    """Exit status 3, with the file's name."""
    folder = project / "damaged"
    folder.mkdir()
    (folder / "manifest.json").write_text(content)
    status, said = commit(project, "--from", str(folder))
    assert status == 3
    assert "manifest" in said


def test_a_retired_test_is_not_committed(project, generate, commit, capsys):
    """Somebody has said that it is not wanted."""
    from pytest_selfheal.cli import main

    path = generate(project)
    name = path[-15:-3]
    assert main(["--root", str(project), "regressions", "retire", name[:6]]) == 0
    assert commit(project)[1]["status"] == "nothing"


@pytest.mark.parametrize("lock", ["HEAD.lock", "refs/heads/main.lock"])
def test_a_locked_repository_is_told_and_the_patch_left(project, generate, commit, lock):
    """Another git command holds HEAD or the branch: nothing is committed and nothing is broken."""
    generate(project)
    (project / ".git" / lock).write_text("")
    head = git(project, "rev-parse", "HEAD")
    status, document = commit(project)
    assert (status, document["status"]) == (1, "refused")
    assert "lock" in document["reason"]
    assert git(project, "rev-parse", "HEAD") == head
    assert (project / "selfheal-out" / "selfheal.patch").stat().st_size > 0


def test_a_repository_that_cannot_be_written_is_told_and_the_patch_left(project, generate, commit):
    """Nothing is committed; the files on disk and the patch are there for whoever may write."""
    generate(project)
    head = git(project, "rev-parse", "HEAD")
    with nobody_may_write(project):
        status, document = commit(project)
    assert (status, document["status"]) == (1, "refused")
    assert git(project, "rev-parse", "HEAD") == head
    assert (project / "selfheal-out" / "selfheal.patch").stat().st_size > 0


def test_a_locked_index_does_not_lose_the_commit(project, generate, commit):
    """The commit stands; the way to repair the index is told."""
    path = generate(project)
    (project / ".git" / "index.lock").write_text("")
    status, document = commit(project)
    assert status == 0
    assert "the index could not follow" in document["notices"][0]
    assert path in tree(project, "HEAD")


def test_a_key_that_is_not_there_ends_in_a_refusal(project, generate, commit):
    """--sign asks git to sign; without a key nothing is committed unsigned."""
    generate(project)
    git(project, "config", "gpg.program", "/nowhere/gpg")
    head = git(project, "rev-parse", "HEAD")
    status, document = commit(project, "--sign")
    assert (status, document["status"]) == (1, "refused")
    assert git(project, "rev-parse", "HEAD") == head


def test_sign_reaches_the_signer(project, generate, commit):
    """The commit carries what the user's program signed."""
    generate(project)
    signer = project / ".git" / "signer"
    signer.write_text(
        "#!/bin/sh\ncat > /dev/null\nprintf '[GNUPG:] SIG_CREATED \\n' >&2\n"
        "printf -- '-----BEGIN PGP SIGNATURE-----\\nx\\n-----END PGP SIGNATURE-----\\n'\n"
    )
    signer.chmod(0o755)
    git(project, "config", "gpg.program", str(signer))
    git(project, "config", "user.signingKey", "x")
    assert commit(project, "--sign")[0] == 0
    assert "gpgsig" in git(project, "cat-file", "-p", "HEAD")


def test_without_git_there_is_nothing_to_commit_to(tmp_path, generate, commit):
    """Exit status 3: cannot tell."""
    (tmp_path / "plain").mkdir()
    generate(tmp_path / "plain")
    status, said = commit(tmp_path / "plain")
    assert status == 3
    assert "no git work tree" in said


def test_variables_that_redirect_git_are_not_followed(project, generate, commit, monkeypatch, tmp_path):
    """A commit started from a hook or a hostile environment goes to the project's own repository."""
    git(tmp_path, "init", "-q", "trap")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "trap" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "trap" / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.worktree")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "/nowhere")
    generate(project)
    status, _document = commit(project)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT"):
        monkeypatch.delenv(name)
    assert status == 0
    assert git(project, "log", "-1", "--format=%an") == "pytest-selfheal[bot]"


def test_a_project_below_the_top_of_the_repository(project, generate, commit):
    """Paths are those of the project in our words, and those of the repository in the commit."""
    (project / "service").mkdir()
    path = generate(project / "service")
    assert commit(project / "service")[1]["files"] == [path]
    assert f"service/{path}" in tree(project, "HEAD")
    assert git(project, "status", "--short", "--", f"service/{path}") == ""


@pytest.mark.parametrize("option", [("--branch=-x",), ("--branch=a..b",), ("--email=a\nb",), ("--email=<x>",)])
def test_names_that_git_could_misread_are_usage_errors(project, commit, option):
    """Exit status 2 before anything is done."""
    assert commit(project, *option)[0] == 2


def test_pull_request_target_is_a_usage_error(project, generate, commit, monkeypatch):
    """Whatever the settings say of trust."""
    generate(project)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request_target")
    monkeypatch.setenv("SELFHEAL_TRUST", "local")
    assert commit(project)[0] == 2
