"""The guides for signing, step by step as they stand, with a repository on this machine in GitHub's place.

The repository that match left is laid out by code of its own: the openssl command and the steps of match's encryption
written out in the tests, so that nothing of ours vouches for itself.
"""

from __future__ import annotations

import base64
import json
import plistlib
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    WIDGET,
    WRITES,
    a_key,
    apple,
    at_apple,
    calls,
    certificate_of,
    profile_file,
    team,
)
from signing.storage.git_server import git
from signing.test_vault_encryption import v2_step_by_step
from signing.test_vault_samples import by_match, openssl, traditional
from support.act import ActRun, become_git_repository, run_act
from support.examples import example, run_example
from support.runner import Result, Runner, actions_alone
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY, outside_a_job

FIRST, MATCH = "docs/signing-first-set-up.md", "docs/migrating-from-match.md"
FENCED = re.MULTILINE | re.DOTALL
CERTIFICATES = "https://github.com/example/certificates.git"
PASSPHRASE, NEW = "what match had, ä", "another one"
UUID = "0f2a1b3c-1111-4222-8333-444455556666"
CERTIFICATE_FILES = ("certs/distribution/MATCHCERT1.cer", "certs/distribution/MATCHCERT1.p12")
PROFILE_FILE = f"profiles/appstore/AppStore_{APP}.mobileprovision"


class Team:
    """App Store Connect, the team's repository and a job that runs the steps of a page."""

    def __init__(self, folder: Path, sandbox: Sandbox, house: Path, tool_cache: Path) -> None:
        self.apple = sandbox
        self.repository = folder / "certificates.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository))
        environment = {"ASC_RUNTIME": "native", "ASC_API_URL": sandbox.url, "HOME": str(folder)}
        self.runner = Runner(folder / "job", env=environment)
        self.runner.tool_cache = tool_cache
        self.folder = folder
        self._house = house
        self.secrets = {"ASC_SIGNING_KEY": json.dumps(sandbox.api_key()), "MATCH_PASSWORD": PASSPHRASE}

    def run(self, page: str, heading: str, *, number: int = 1, fails: bool = False, **inputs: str) -> Result:
        """Runs our steps of an example below a heading, the first with these inputs besides; returns that one."""
        places = {CERTIFICATES: f"git+file://{self.repository}"}
        places |= {"s3://example-certificates": f"dir:{self.folder}/other"}
        steps: Any = example(page, heading, places, number)
        steps[0]["with"] |= inputs
        results = run_example(steps, self._house, self.runner, self.secrets)
        for result in results[1:] if fails else results:
            assert result.exit_code == 0, result.log.text
        assert bool(results[0].exit_code) == fails, results[0].log.text
        return results[0]

    def files(self, branch: str = "main") -> dict[str, bytes]:
        """Path → what lies there."""
        names = self._git("ls-tree", "-r", "--name-only", branch).decode().split("\n")
        return {name: self._git("show", f"{branch}:{name}") for name in names if name}

    def put(self, files: dict[str, bytes], message: str) -> None:
        """Commits files as match does it."""
        work = self.folder / "work"
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        place = ["-C", str(work)]
        git("init", "--quiet", "--initial-branch=main", str(work))
        git(*place, "add", "-A")
        git(*place, "commit", "--quiet", "-m", message)
        git(*place, "push", "--quiet", str(self.repository), "main")

    def _git(self, *arguments: str) -> bytes:
        return git("--git-dir", str(self.repository), *arguments)


@pytest.fixture
def the_team(tmp_path: Path, house: Path, tools: Path) -> Iterator[Team]:
    with apple(team()) as sandbox:
        yield Team(tmp_path, sandbox, house, tools)


@pytest.fixture
def by_fastlane(the_team: Team) -> Team:
    """A team whose repository match filled, in part with an old version: Apple knows all that is in it."""
    key = a_key()
    record = at_apple(the_team.apple, key, identifier="MATCHCERT1")
    certificate = certificate_of(record)
    profile = profile_file(certificate, uuid=UUID)
    about = {"name": f"match AppStore {APP}", "profileType": "IOS_APP_STORE", "uuid": UUID}
    of = {"bundleId": "BUNDLE0000", "certificates": [record.id]}
    the_team.apple.world.add("profiles", {**about, "profileState": "ACTIVE"}, of)
    secret = PASSPHRASE.encode()
    files = {
        CERTIFICATE_FILES[0]: by_match(certificate.der, secret),
        CERTIFICATE_FILES[1]: by_match(traditional(key), secret, "sha256"),
        PROFILE_FILE: v2_step_by_step(profile, PASSPHRASE, b"8 bytes!"),
        "match_version.txt": b"2.228.0",
        "README.md": b"Of match.\n",
    }
    the_team.put(files, "[fastlane] Updated appstore and platform ios")
    return the_team


def opened(data: bytes) -> bytes:
    """What a file of match's version 2 holds, found by encrypting anew: GCM is its own reverse."""
    raw = base64.b64decode(data)
    salt, sealed = raw[20:28], raw[44:]
    again = base64.b64decode(v2_step_by_step(sealed, PASSPHRASE, salt))
    return again[44:]


class TestFromMatch:
    def test_plan_finds_nothing_to_do_and_changes_nothing(self, by_fastlane: Team) -> None:
        before = by_fastlane.files()
        by_fastlane.run(MATCH, "1. Let it read")
        assert (by_fastlane.files(), calls(by_fastlane.apple, *WRITES)) == (before, [])

    def test_read_only_signs_with_it_and_asks_apple_nothing(self, by_fastlane: Team) -> None:
        before = by_fastlane.files()
        done = by_fastlane.run(MATCH, "2. Sign with it")
        assert done.outputs["certificate-id"] == "MATCHCERT1"
        assert json.loads(done.outputs["profiles"])[APP]["uuid"] == UUID
        assert by_fastlane.runner.env[f"sigh_{APP}_appstore"] == UUID
        assert (by_fastlane.files(), calls(by_fastlane.apple)) == (before, [])

    def test_sync_adds_what_is_new_and_touches_nothing_else(self, by_fastlane: Team) -> None:
        before = by_fastlane.files()
        by_fastlane.run(MATCH, "1. Let it read", **SYNC)
        after = by_fastlane.files()
        new = f"profiles/appstore/AppStore_{WIDGET}.mobileprovision"
        assert {path: after[path] for path in before} == before
        assert set(after) - set(before) == {new}

    def test_going_back_match_opens_what_sync_wrote(self, by_fastlane: Team) -> None:
        inputs = {"mode": "sync", "bundle-ids": WIDGET}
        by_fastlane.run(MATCH, "1. Let it read", **inputs)
        written = by_fastlane.files()[f"profiles/appstore/AppStore_{WIDGET}.mobileprovision"]
        profile = openssl("cms", "-verify", "-noverify", "-inform", "DER", stdin=opened(written))
        assert plistlib.loads(profile)["Name"] == f"match AppStore {WIDGET}"


class TestFirstSetUp:
    def test_the_workflow_plans_then_makes_what_the_page_shows(
        self, the_team: Team, house: Path, tmp_path: Path, workflow: Callable[[str], ActRun]
    ) -> None:
        page = (REPOSITORY / FIRST).read_text("utf-8")
        planned = workflow("plan")
        shown = re.findall(r"^Would .*$", page, re.MULTILINE)
        assert len(shown) == 6
        for line in shown:
            assert line in planned.printed
        assert calls(the_team.apple, *WRITES) == []
        workflow("sync")
        (tree,) = re.findall(r"^```\n(README\.md .*?)^```", page, re.MULTILINE | re.DOTALL)
        listed = {line.split()[0].rstrip(",") for line in tree.splitlines()}
        unnamed = {re.sub(r"/[A-Z0-9]{10}\.", "/*.", path) for path in the_team.files("master")}
        assert unnamed == {re.sub(r"/[A-Z0-9]{10}\.", "/*.", path) for path in listed} | {
            "certs/distribution/*.p12",
            "certs/development/*.p12",
        }
        the_team.run(FIRST, "4. Sign a build")

    @pytest.fixture
    def workflow(self, the_team: Team, house: Path, tmp_path: Path, cache: Path) -> Callable[[str], ActRun]:
        """Starts the workflow of the page by hand, with a mode."""
        text = (REPOSITORY / "docs/recipes/signing-sync.yml").read_text()
        text = text.replace(CERTIFICATES, f"git+file://{the_team.repository}")
        for each in the_team.apple.world.all("bundleIds"):
            the_team.apple.world.remove(each)

        def start(mode: str) -> ActRun:
            done = run_act(
                tmp_path / "app",
                text,
                "--platform=ubuntu-latest=-self-hosted",
                "--local-repository",
                f"OWNER/REPO@v1={house}",
                cache=cache,
                secrets=the_team.secrets,
                env={"ASC_API_URL": the_team.apple.url, "ASC_RUNTIME": "native", "HOME": str(tmp_path)},
                payload={"inputs": {"mode": mode}},
            )
            assert done.exit_code == 0, done.everything[-20000:]
            return done

        (tmp_path / "app").mkdir()
        return start


class TestAfterwards:
    """The sections of the page on what comes later, on a repository that match left."""

    def test_the_passphrase_changes(self, by_fastlane: Team) -> None:
        by_fastlane.secrets["NEW_MATCH_PASSWORD"] = NEW
        by_fastlane.run(FIRST, "The passphrase changes")
        by_fastlane.run(MATCH, "2. Sign with it", fails=True)
        by_fastlane.secrets["MATCH_PASSWORD"] = NEW
        assert by_fastlane.run(MATCH, "2. Sign with it").outputs["certificate-id"] == "MATCHCERT1"

    def test_the_passphrase_is_lost(self, by_fastlane: Team) -> None:
        by_fastlane.secrets["NEW_MATCH_PASSWORD"] = NEW
        listed = by_fastlane.run(FIRST, "The passphrase is lost", fails=True)
        (words,) = set(re.findall(r"give confirm: (.*?)$", listed.log.text, re.MULTILINE))
        by_fastlane.run(FIRST, "The passphrase is lost", confirm=words)
        assert by_fastlane.apple.world.all("certificates") == []
        inputs = {"mode": "sync", "bundle-ids": APP}
        made = by_fastlane.run(FIRST, "The passphrase is lost", **inputs)
        assert made.outputs["certificate-id"] != "MATCHCERT1"
        assert PROFILE_FILE in by_fastlane.files("second")

    def test_another_place(self, by_fastlane: Team) -> None:
        (by_fastlane.folder / "other").mkdir()
        by_fastlane.run(FIRST, "Another storage")
        for path, content in by_fastlane.files().items():
            assert (by_fastlane.folder / "other" / path).read_bytes() == content


SYNC = {"mode": "sync", "bundle-ids": f"{APP}, {WIDGET}"}


class TestThePageOfTheAction:
    def test_its_first_example(self, by_fastlane: Team) -> None:
        by_fastlane.run(MATCH, "1. Let it read", **SYNC)
        done = by_fastlane.run("docs/sync-signing.md", "sync-signing")
        assert set(json.loads(done.outputs["profiles"])) == {APP, WIDGET}

    def test_a_p12_for_a_mac_that_is_not_this_runner(self, by_fastlane: Team) -> None:
        devices = {"type": "ad-hoc", "devices": "A phone: 00008110-000A1B2C3D4E5F60"}
        by_fastlane.run(MATCH, "1. Let it read", **SYNC, **devices)
        by_fastlane.secrets["P12_PASSWORD"] = "only for the test"
        done = by_fastlane.run("docs/sync-signing.md", "Recipes")
        arguments = [
            "-in",
            done.outputs["p12-path"],
            "-passin",
            "pass:only for the test",
            "-nokeys",
            "-legacy",
        ]
        assert b"Apple Distribution" in openssl("pkcs12", *arguments)

    def test_an_existing_certificate(self, the_team: Team) -> None:
        """The p12 is the openssl command's, as Keychain Access' are no library's of ours."""
        certificate = certificate_of(at_apple(the_team.apple, a_key(), identifier="BYHAND0001"))
        pem = traditional(a_key()) + openssl("x509", "-inform", "DER", stdin=certificate.der)
        p12 = openssl("pkcs12", "-export", "-passout", "pass:of the p12", stdin=pem)
        (the_team.runner.workspace / "certificate.p12").write_bytes(p12)
        the_team.put({"README.md": b"Of the team.\n"}, "Begun")
        the_team.secrets["P12_PASSWORD"] = "of the p12"
        the_team.run("docs/sync-signing.md", "Recipes", number=2)
        assert "certs/distribution/BYHAND0001.p12" in the_team.files()


def test_the_secrets_are_made_as_the_page_says(tmp_path: Path) -> None:
    """`gh` is played by a program that keeps what it is given; the rest are the real ones."""
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\n[ "$1 $2" = "secret set" ] || exit 1\ncat > "secret-$3"\n')
    gh.chmod(0o755)
    (tmp_path / "AuthKey_D383SF7390.p8").write_text("-----BEGIN PRIVATE KEY-----\nMIG…\n")
    (tmp_path / "api-key.json").write_text("{}")
    for page, heading in (("README.md", "The API key"), (FIRST, "1. A storage, a passphrase, two tokens")):
        text = (REPOSITORY / page).read_text("utf-8").split(f" {heading}\n")[1]
        block = re.search(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
        assert block
        path = f"{gh.parent}:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
        command = ["sh", "-e", "-c", block[1]]
        subprocess.run(command, cwd=tmp_path, env={"PATH": path}, stdin=subprocess.DEVNULL, check=True)
    made = json.loads((tmp_path / "secret-ASC_API_KEY").read_text())
    assert (made["key_id"], made["key"][:10]) == ("D383SF7390", "-----BEGIN")
    assert len((tmp_path / "secret-MATCH_PASSWORD").read_text()) == 33


def test_the_page_on_act(tmp_path: Path, cache: Path) -> None:
    """Its commands in a shell, with the sandbox at another port."""
    here = actions_alone(REPOSITORY, tmp_path / "here", "docs/recipes", "Makefile", "tools")
    become_git_repository(here)
    (here / ".venv").symlink_to(REPOSITORY / ".venv")
    app = tmp_path / "app"
    app.mkdir()
    become_git_repository(app)
    _, commands = re.findall(r"^```sh\n(.*?)^```", (REPOSITORY / "docs/act.md").read_text("utf-8"), FENCED)
    with start_sandbox() as sandbox:
        (here / "sandbox-key.json").write_text(json.dumps(sandbox.api_key(), indent=2))
        script = commands.replace("http://127.0.0.1:8080", sandbox.url)
        # A person who tried the command line has these in the shell: no step may fall back on them.
        variables = {"ASC_API_KEY_PATH": str(here / "sandbox-key.json")}
        env = {**outside_a_job(), **variables, "HERE": str(here), "XDG_CACHE_HOME": str(cache)}

        def act(commands: str) -> subprocess.CompletedProcess[str]:
            shell = ["sh", "-e", "-c", commands]
            return subprocess.run(shell, cwd=app, env=env, capture_output=True, text=True)

        done = act(script)
        without_secret = act(script.replace("ASC_API_KEY=%s", "ANOTHER=%s"))
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "Job succeeded" in done.stdout
    assert "com.example.app-1.5.0-43.dSYM.zip" in done.stdout
    assert without_secret.returncode != 0
    assert "no API key was given" in without_secret.stdout
