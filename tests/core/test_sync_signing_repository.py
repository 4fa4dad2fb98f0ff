"""sync-signing with a repository that others write to, and that others have put strange things into."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.signing.vault.entries import StoredIdentity, StoredProfile
from core.signing import (
    APP,
    BOTH,
    PASSPHRASE,
    Store,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    certificate_of,
    certificates,
    git_store,
    identity_of,
    step,
    stored_profile,
)
from signing.storage.git_server import git


def hook(store: Store, script: str) -> None:
    """Runs at each push, before it is taken."""
    file = store.path / "hooks" / "pre-receive"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.mark.parametrize("number", [1, 2, 3], ids=["key", "certificate", "profiles"])
def test_a_push_that_is_refused_once_is_sent_again(tmp_path: Path, number: int) -> None:
    store = git_store(tmp_path)
    hook(
        store,
        f"""count=$(cat "$GIT_DIR/pushes" 2>/dev/null || echo 0)
echo $((count + 1)) > "$GIT_DIR/pushes"
[ "$count" -ne {number - 1} ] || {{ echo "Come back later" >&2; exit 1; }}""",
    )
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, BOTH)
        assert done.code == 0, done.stdout
        assert_one_certificate_with_its_key(sandbox, store)
    assert len(store.profiles()) == 2


def overtaken(store: Store, number: int, *entries: StoredIdentity | StoredProfile) -> None:
    """Lets another writer's commit with these entries in at the push of this number, right before that is taken."""
    other = store.path.with_name("other.git")
    git("clone", "--quiet", "--bare", str(store.path), str(other))
    lines = []
    for name, content in store.vault().put(entries).items():
        file = other / f"file-{len(lines)}"
        file.write_bytes(content)
        lines.append(f'git update-index --add --cacheinfo "100644,$(git hash-object -w {file}),{name}"')
    script = other / "overtake"
    script.write_text(
        f"""#!/bin/sh
set -e
export GIT_DIR={other} GIT_INDEX_FILE={other}/an-index
export GIT_AUTHOR_NAME=S GIT_AUTHOR_EMAIL=s@e GIT_COMMITTER_NAME=S GIT_COMMITTER_EMAIL=s@e
git fetch --quiet file://{store.path} +main:theirs
git read-tree theirs
{chr(10).join(lines)}
git push --quiet file://{store.path} "$(git commit-tree -p theirs -m Theirs "$(git write-tree)"):refs/heads/main"
"""
    )
    script.chmod(0o755)
    hook(
        store,
        f"""[ ! -e "$GIT_DIR/overtaken" ] || exit 0
count=$(cat "$GIT_DIR/pushes" 2>/dev/null || echo 0)
echo $((count + 1)) > "$GIT_DIR/pushes"
[ "$count" -eq {number - 1} ] || exit 0
touch "$GIT_DIR/overtaken"
env -i PATH="$PATH" {script} >> "$GIT_DIR/said" 2>&1""",
    )


@pytest.mark.parametrize("number", [1, 2], ids=["before ours is ordered", "before ours is stored"])
def test_a_certificate_that_another_stored_first_is_used(tmp_path: Path, number: int) -> None:
    store = git_store(tmp_path)
    with apple() as sandbox:
        theirs = at_apple(sandbox, a_key(1))
        overtaken(store, number, identity_of(theirs, a_key(1)))
        done = step(tmp_path, sandbox, store, BOTH)
        assert done.code == 0, done.stdout
        assert done.outputs["certificate-id"] == theirs.id
        assert_one_certificate_with_its_key(sandbox, store)
    assert len(store.profiles()) == 2


def test_a_profile_that_another_stored_at_the_same_place_is_replaced_by_the_one_that_apple_has(
    tmp_path: Path,
) -> None:
    store = git_store(tmp_path)
    with apple() as sandbox:
        mine = at_apple(sandbox, a_key())
        store.write(store.vault().put([identity_of(mine, a_key())]))
        old = stored_profile(certificate_of(mine), days=-2)
        kept = stored_profile(certificate_of(mine), bundle_id="com.example.theirs", uuid="2" * 8)
        overtaken(store, 1, old, kept)
        done = step(tmp_path, sandbox, store)
        assert done.code == 0, done.stdout
        assert certificates(sandbox) == [mine.id]
    profiles = store.profiles()
    assert set(profiles) == {f"AppStore_{each}.mobileprovision" for each in (APP, "com.example.theirs")}
    assert profiles[f"AppStore_{APP}.mobileprovision"].uuid != old.profile.uuid


def test_hostile_names_are_told_and_reach_nothing(tmp_path: Path) -> None:
    store = git_store(tmp_path)
    outside = tmp_path / "outside.cer"
    outside.write_text("not ours")
    entries = [
        ("100644", "-leading.cer", b"x"),
        ("100644", "certs/distribution/-rf.cer", b"x"),
        ("120000", "certs/distribution/LINK.cer", str(outside).encode()),
        ("120000", "profiles/adhoc", b"../../.."),
        ("100644", "certs/distribution/a\nb.p12", b"x"),
    ]
    stream = b"commit refs/heads/main\ncommitter S <a@b> 1 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
    for mode, name, data in entries:
        quoted = name.replace("\n", "\\n").encode()
        stream += b'M %s inline "%s"\ndata %d\n%s\n' % (mode.encode(), quoted, len(data), data)
    git("--git-dir", str(store.path), "fast-import", "--quiet", data=stream)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"type": "app-store"})
        assert done.code == 0, done.stdout
        assert len(certificates(sandbox)) == 1
    told = "\n".join(done.log.messages("warning"))
    assert "-leading.cer" in told and "LINK.cer" in told and "profiles/adhoc" in told
    assert outside.read_text() == "not ours"
    assert step(tmp_path, None, store, {"mode": "read-only"}).code == 0
    assert PASSPHRASE not in done.stdout.replace(f"::add-mask::{PASSPHRASE}", "")
