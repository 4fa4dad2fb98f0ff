"""sync-signing for a team of fastlane's: its variables, its words, its repository as match laid it out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from asc.commands.sync_signing.match import storage, text_or_file, with_access, words
from asc.signing.storage import Options, StorageError
from asc.signing.vault.encryption import open_v1, seal_v1
from core.running import Done, in_job
from core.signing import (
    APP,
    PASSPHRASE,
    WIDGET,
    Store,
    a_key,
    apple,
    at_apple,
    certificate_of,
    certificates,
    context,
    folder_store,
    git_store,
    profile_file,
    step,
)
from signing.storage import gitlab_server, places
from signing.storage.git_server import git
from signing.test_vault_samples import by_match, traditional

SECRET = PASSPHRASE.encode()
DOCS = {"match_version.txt": b"2.210.0", "README.md": b"## [fastlane match](...)\n"}


def by_hand(store: Store, files: Mapping[str, bytes]) -> Store:
    """A repository as match lays it out, in one commit."""
    work = store.path.with_suffix(".by-hand")
    git("clone", "--quiet", str(store.path), str(work))
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(content)
    git("-C", str(work), "add", "--all")
    git("-C", str(work), "commit", "--quiet", "-m", "[fastlane] Updated appstore and platform ios")
    git("-C", str(work), "push", "--quiet", "origin", "main")
    return store


def salt_that_md5_takes(plain: bytes) -> bytes:
    """One in 256: what was encrypted with SHA-256 has a proper padding with MD5, too."""
    salts = (number.to_bytes(8) for number in range(1 << 16))
    return next(
        salt
        for salt in salts
        if open_v1(seal_v1(plain, SECRET, salt, "sha256"), SECRET, salt, "md5") is not None
    )


@pytest.mark.parametrize("digest", ["md5", "sha256", "sha256 that md5 takes"])
def test_a_repository_of_matchs_is_read_and_extended_and_nothing_else_in_it_changes(
    tmp_path: Path, digest: str
) -> None:
    with apple() as sandbox:
        record = at_apple(sandbox, a_key())
        certificate = certificate_of(record)
        plain = {
            f"certs/distribution/{record.id}.cer": certificate.der,
            f"certs/distribution/{record.id}.p12": traditional(a_key()),
            f"profiles/appstore/AppStore_{APP}.mobileprovision": profile_file(certificate),
        }
        files = {
            path: by_match(
                content,
                SECRET,
                digest.partition(" ")[0],
                salt_that_md5_takes(content) if " " in digest else None,
            )
            for path, content in plain.items()
        }
        store = by_hand(git_store(tmp_path), {**DOCS, **files})
        before = store.files()
        read = step(tmp_path, None, store, {"mode": "read-only"})
        assert read.code == 0, read.stdout
        assert read.outputs["certificate-id"] == record.id
        assert store.files() == before
        done = step(tmp_path, sandbox, store, {"bundle-ids": WIDGET})
        assert done.code == 0, done.stdout
        assert certificates(sandbox) == [record.id]
    changed = git("--git-dir", str(store.path), "diff", "--name-status", "main~1", "main").decode()
    assert changed.splitlines() == [f"A\tprofiles/appstore/AppStore_{WIDGET}.mobileprovision"]
    message = git("--git-dir", str(store.path), "log", "-1", "--format=%s", "main").decode().strip()
    assert message == "[fastlane] Updated appstore and platform ios"


def test_what_a_fastlane_before_2_221_reads_is_written_where_that_is_wanted(tmp_path: Path) -> None:
    store = git_store(tmp_path)
    with apple() as sandbox:
        assert step(tmp_path, sandbox, store, {"encryption": "v1"}).code == 0
    for path, content in store.files().items():
        if path.endswith((".md", ".txt")):
            continue
        raw = base64.b64decode(content)
        plain = open_v1(raw[16:], SECRET, raw[8:16], "md5")
        assert raw.startswith(b"Salted__") and plain == store.opened()[path]


def with_variables(folder: Path, sandbox: object, inputs: Mapping[str, str], **variables: str) -> Done:
    """A step with next to no inputs: the rest is in the environment, as it is for lanes."""
    given = {**inputs, "output-directory": str(folder / "signing"), "install": "files"}
    env = {**context(folder), "MATCH_PASSWORD": PASSPHRASE, **variables}
    return in_job(folder, given, sandbox=sandbox, command="sync-signing", **env)  # type: ignore[arg-type]


def test_variables_of_match_take_the_place_of_inputs(tmp_path: Path) -> None:
    store = git_store(tmp_path)
    named = {
        "MATCH_GIT_URL": str(store.path),
        "MATCH_GIT_BRANCH": "main",
        "MATCH_APP_IDENTIFIER": f"{APP},{WIDGET}",
        "MATCH_TYPE": "appstore",
        "MATCH_PLATFORM": "macos",
        "MATCH_ADDITIONAL_CERT_TYPES": "mac_installer_distribution",
        "MATCH_OUTPUT_PATH": str(tmp_path / "theirs"),
    }
    with apple() as sandbox:
        env = {**context(tmp_path), "MATCH_PASSWORD": PASSPHRASE, **named}
        inputs = {"mode": "sync", "install": "files"}
        done = in_job(tmp_path, inputs, sandbox=sandbox, command="sync-signing", **env)
        assert done.code == 0, done.stdout
    assert sorted(store.profiles()) == [f"AppStore_{each}.provisionprofile" for each in (APP, WIDGET)]
    assert len(store.identities()) == 2
    assert (tmp_path / "theirs" / "manifest.json").exists()


def test_match_words_are_understood_as_inputs_too(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        done = step(
            tmp_path, sandbox, store, {"mode": "plan", "type": "appstore, developer_id", "platform": "macos"}
        )
        assert done.code == 0, done.stdout
    assert "create the app-store profile" in done.stdout and "create the developer-id profile" in done.stdout
    assert (
        words("adhoc\nappstore") == "ad-hoc\napp-store" and words("ad-hoc, app-store") == "ad-hoc, app-store"
    )


@pytest.mark.parametrize("kind", ["s3", "gs", "gitlab"])
def test_the_other_storages_of_match_by_its_variables(tmp_path: Path, kind: str) -> None:
    with ExitStack() as stack:
        place = stack.enter_context(places.place(kind, tmp_path, stack))
        container, _, prefix = place.location.partition("://")[2].partition("/")
        named = {
            "s3": {
                "MATCH_STORAGE_MODE": "s3",
                "MATCH_S3_BUCKET": container,
                "MATCH_S3_OBJECT_PREFIX": f"{prefix}/",
                "MATCH_S3_REGION": "us-east-1",
                "MATCH_S3_ACCESS_KEY": "a",
                "MATCH_S3_SECRET_ACCESS_KEY": "b",
                "AWS_ENDPOINT_URL": place.options.endpoint,
            },
            "gs": {
                "MATCH_STORAGE_MODE": "google_cloud",
                "MATCH_GOOGLE_CLOUD_BUCKET_NAME": container,
                **place.options.environment,
            },
            "gitlab": {
                "MATCH_STORAGE_MODE": "gitlab_secure_files",
                "MATCH_GITLAB_PROJECT": gitlab_server.PROJECT,
                "MATCH_GITLAB_HOST": place.options.endpoint,
                "PRIVATE_TOKEN": gitlab_server.TOKEN,
            },
        }[kind]
        named |= {"FASTLANE_TEAM_ID": places.TEAM, "MATCH_APP_IDENTIFIER": APP}
        with apple() as sandbox:
            done = with_variables(tmp_path, sandbox, {"mode": "sync"}, **named)
            assert done.code == 0, done.stdout
        assert f"profiles/appstore/AppStore_{APP}.mobileprovision" in place.assets()
        assert with_variables(tmp_path, None, {}, **named).code == 0


def test_a_store_without_encryption_needs_no_passphrase_to_be_read(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        record = at_apple(sandbox, a_key())
    certificate = certificate_of(record)
    store.write(
        {
            f"certs/distribution/{record.id}.cer": certificate.der,
            f"certs/distribution/{record.id}.p12": traditional(a_key()),
        }
    )
    read = {"mode": "read-only", "bundle-ids": None, "passphrase": None}
    done = step(tmp_path, None, store, read)
    assert (done.code, done.outputs["certificate-id"]) == (0, record.id), done.stdout
    store.write({f"certs/distribution/{record.id}.cer": by_match(certificate.der, SECRET)})
    done = step(tmp_path, None, store, read)
    assert done.code == 2
    assert "passphrase: is empty" in done.error and "MATCH_PASSWORD" in done.error


@pytest.mark.parametrize(
    ("variables", "location"),
    [
        ({}, ""),
        (
            {"GIT_URL": "https://github.com/example/certificates"},
            "git+https://github.com/example/certificates",
        ),
        ({"GIT_URL": "git@github.com:example/certificates.git"}, "git@github.com:example/certificates.git"),
        ({"STORAGE_MODE": "git", "GIT_URL": "/srv/certificates"}, "git+file:///srv/certificates"),
        ({"STORAGE_MODE": "s3", "S3_BUCKET": "b", "GIT_URL": "https://example.com/x.git"}, "s3://b"),
        ({"STORAGE_MODE": "s3", "S3_BUCKET": "b", "S3_OBJECT_PREFIX": "a/b/"}, "s3://b/a/b"),
        ({"STORAGE_MODE": "s3", "S3_BUCKET": "b", "S3_OBJECT_PREFIX": "a/ios"}, "s3://b/a/ios"),
        ({"STORAGE_MODE": "google_cloud", "GOOGLE_CLOUD_BUCKET_NAME": "b"}, "gs://b"),
        ({"STORAGE_MODE": "gitlab_secure_files", "GITLAB_PROJECT": "a/b"}, "gitlab://a/b"),
        ({"STORAGE_MODE": "s3"}, ""),
    ],
)
def test_where_the_variables_say_it_is(variables: dict[str, str], location: str) -> None:
    assert storage({f"MATCH_{name}": value for name, value in variables.items()}) == location


def test_the_branch_is_the_one_that_match_writes_to(tmp_path: Path) -> None:
    """Hosts call the first branch main, and put a README there; match writes to master unless it is told."""
    store = git_store(tmp_path)
    with apple() as sandbox:
        assert step(tmp_path, sandbox, store).code == 0
        git("--git-dir", str(store.path), "branch", "--move", "main", "master")
        git("--git-dir", str(store.path), "branch", "main", "master~2")
        git("--git-dir", str(store.path), "symbolic-ref", "HEAD", "refs/heads/main")
        assert step(tmp_path, None, store, {"mode": "read-only"}).code == 0
        assert step(tmp_path, sandbox, store).outputs["changed"] == "false"
        assert len(certificates(sandbox)) == 1


@pytest.mark.parametrize(
    ("location", "variables", "found"),
    [
        (
            "https://h/a.git",
            {"GIT_BASIC_AUTHORIZATION": base64.b64encode(b"me:t").decode()},
            {"token": "me:t"},
        ),
        (
            "https://h/a.git",
            {"GIT_BASIC_AUTHORIZATION": base64.encodebytes(b"me:github_pat_" + b"t" * 90).decode()},
            {"token": "me:github_pat_" + "t" * 90},
        ),
        ("https://h/a.git", {"GIT_BASIC_AUTHORIZATION": "me:t"}, {"token": "me:t"}),
        ("https://h/a.git", {"GIT_BASIC_AUTHORIZATION": "ghp_abcdefgh"}, {"token": "ghp_abcdefgh"}),
        (
            "https://h/a.git",
            {"GIT_BASIC_AUTHORIZATION": "Basic " + base64.b64encode(b"me:t").decode()},
            {"token": "me:t"},
        ),
        ("git+https://h/a", {"GIT_BEARER_AUTHORIZATION": "t"}, {"token": "t"}),
        ("git@h:a.git", {"GIT_BEARER_AUTHORIZATION": "t"}, {"token": ""}),
        (
            "gitlab://a/b",
            {"GITLAB_HOST": "https://h", "GIT_BEARER_AUTHORIZATION": "t"},
            {"endpoint": "https://h"},
        ),
        (
            "s3://b",
            {"S3_ACCESS_KEY": "a", "S3_SECRET_ACCESS_KEY": "b"},
            {"access_key": "a", "secret_key": "b"},
        ),
        ("az://b", {"S3_ACCESS_KEY": "a", "S3_SECRET_ACCESS_KEY": "b"}, {"access_key": ""}),
    ],
)
def test_what_lets_match_in_lets_us_in(
    location: str, variables: dict[str, str], found: dict[str, str]
) -> None:
    environment = {f"MATCH_{name}": value for name, value in variables.items()}
    options = with_access(Options(), location, environment)
    assert {name: getattr(options, name) for name in found} == found
    given = Options(token="ours", access_key="ours", endpoint="ours")
    assert with_access(given, location, environment) == given


def test_a_deploy_key_may_be_a_path_as_with_match(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("-----BEGIN …\n")
    assert text_or_file(str(file)) == file.read_text()
    assert text_or_file("a\nb") == "a\nb" and text_or_file("") == "" and text_or_file("no-file") == "no-file"


def test_a_basic_authorization_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(StorageError, match="MATCH_GIT_BASIC_AUTHORIZATION"):
        with_access(Options(), "https://h/a.git", {"MATCH_GIT_BASIC_AUTHORIZATION": "a b c"})
