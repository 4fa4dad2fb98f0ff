"""The recipes of the docs: whole workflows under act, as they stand, with the sandbox in Apple's place.

What cannot be on this machine is played by programs of our own: macOS runners by this machine, `xcodebuild`,
`security`, Sentry's uploader and the build script of an app by tests/support, GitHub's repositories by folders. An
environment's approval is GitHub's alone: act lets the job pass.
"""

from __future__ import annotations

import json
import plistlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from act.test_reusable_workflow import UPLOAD
from asc_sandbox.plans import Processing
from asc_sandbox.plans import Store as StorePlan
from asc_sandbox.server import Sandbox
from core.signing import PASSPHRASE, Store, git_store, step
from sandbox.store import png
from support import security
from support.act import ActRun, become_git_repository, run_act
from support.places import put_app, put_programs
from support.sandbox import app, build, key, seed, start_sandbox, store_version
from support.scratch import REPOSITORY
from support.store import ready_version

RECIPES = REPOSITORY / "docs/recipes"
CERTIFICATES = "https://github.com/example/certificates.git"
GROUPS = [
    {"name": "QA", "isInternalGroup": True, "hasAccessToAllBuilds": False},
    {"name": "Beta testers"},
    {"name": "Press"},
]
REVIEW = {"contactFirstName": "Ada", "contactLastName": "Example", "contactEmail": "ada@example.com"}
TEXTS = [{"locale": "en-US", "description": "An example.", "feedbackEmail": "beta@example.com"}]
KEYS = [key("ADMIN00001"), key("DEVELOPER1", "DEVELOPER"), key("MANAGER001", "APP_MANAGER")]
TEAM = seed(
    keys=KEYS,
    apps=[
        app(
            "com.example.app",
            builds=[build("1.4.0", "46", uploadedDate="2 days ago", buildBundles=[{}])],
            betaGroups=GROUPS,
            betaAppReviewDetail={**REVIEW, "contactPhone": "+15555550100", "demoAccountRequired": False},
            betaAppLocalizations=TEXTS,
        ),
        app("com.example.fresh"),
    ],
    bundleIds=[
        {"id": f"BUNDLE000{number}", "name": f"Example {number}", "identifier": identifier}
        for number, identifier in enumerate(("com.example.app", "com.example.app.widget"))
    ],
)


@dataclass
class Place:
    """The repository of an app and its secrets, on a machine with the programs of a Mac."""

    folder: Path
    apple: Sandbox
    house: Path
    cache: Path
    secrets: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    path: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, recipe: str, event: str = "workflow_dispatch", **about: Any) -> ActRun:
        """Runs a recipe, or a text. `replace` puts folders of this machine into GitHub's place."""
        text = (RECIPES / recipe).read_text() if recipe.endswith(".yml") else recipe
        for old, new in about.pop("replace", {}).items():
            assert old in text
            text = text.replace(old, new)
        here = [f"--platform={name}-latest=-self-hosted" for name in ("ubuntu", "macos")]
        ours = ["--local-repository", f"OWNER/REPO@v1={self.house}", *self.options]
        done = run_act(
            self.folder / "app",
            text,
            *here,
            *ours,
            cache=self.cache,
            secrets={"ASC_API_KEY": json.dumps(self.apple.api_key()), **self.secrets},
            env={
                "ASC_API_URL": self.apple.url,
                "ASC_RUNTIME": "native",
                "HOME": str(self.home),
                "PATH": self.path,
            },
            event=event,
            **about,
        )
        assert done.exit_code == 0, done.everything[-20000:]
        return done

    def builds(self) -> list[str]:
        """The builds that came of uploads: bundle id and number."""
        apps = {each.id: each.attributes["bundleId"] for each in self.apple.world.all("apps")}
        return sorted(
            f"{apps[each.references['app'][0]]} {each.attributes['version']}"
            for each in self.apple.world.all("builds")
            if each.attributes["version"] != "46"
        )


@pytest.fixture
def place(tmp_path: Path, house: Path, cache: Path) -> Iterator[Place]:
    """Two apps at Apple: one with the build 46, one with none."""
    put_app(tmp_path / "app")
    (tmp_path / "home").mkdir()
    with start_sandbox(TEAM, processing=Processing(seconds=0.1)) as apple:
        path = put_programs(tmp_path / "bin")
        yield Place(tmp_path, apple, house, cache, path=path)


def groups_of_47(place: Place) -> list[str]:
    (new,) = [each for each in place.apple.world.all("builds") if each.attributes["version"] == "47"]
    return [
        each.attributes["name"]
        for each in place.apple.world.all("betaGroups")
        if new.id in each.references.get("builds", ())
    ]


def test_the_workflow_of_the_readme(place: Place) -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    assert len(text.splitlines()) <= 25
    place.run(text, "push", payload={"ref": "refs/tags/v1.5.0"})
    assert place.builds() == ["com.example.app 47"]
    assert groups_of_47(place) == ["QA"]


def test_bump_and_upload(place: Place) -> None:
    commit = {"head_commit": {"message": "Fixed: a crash at the start"}, "ref": "refs/heads/main"}
    place.run("bump-and-upload.yml", "push", payload=commit)
    assert place.builds() == ["com.example.app 47"]
    assert groups_of_47(place) == ["QA"]
    texts = [each.attributes.get("whatsNew") for each in place.apple.world.all("betaBuildLocalizations")]
    assert "Fixed: a crash at the start" in texts


def test_matrix_of_apps(place: Place) -> None:
    place.run("matrix-of-apps.yml")
    assert place.builds() == ["com.example.app 47", "com.example.fresh 1"]


def test_release_by_tag(place: Place) -> None:
    place.secrets = {
        "ASC_API_KEY": json.dumps(place.apple.api_key("DEVELOPER1")),
        "ASC_DISTRIBUTION_KEY": json.dumps(place.apple.api_key("MANAGER001")),
    }
    place.run("release-by-tag.yml", "push", payload={"ref": "refs/tags/v1.6.0"})
    assert groups_of_47(place) == ["Beta testers"]
    trains = {each.attributes["version"] for each in place.apple.world.all("preReleaseVersions")}
    assert "1.6.0" in trains


def test_two_jobs(place: Place) -> None:
    done = place.run("two-jobs.yml")
    assert groups_of_47(place) == ["QA"]
    assert [done.job_result(job) for job in ("build", "testflight")] == ["success", "success"]


def stored(place: Place) -> Store:
    """A storage in which a run before has put everything."""
    store = git_store(place.folder)
    both = {"bundle-ids": "com.example.app, com.example.app.widget"}
    assert step(place.folder, place.apple, store, both).code == 0
    return store


def test_signing_with_cleanup(place: Place) -> None:
    store = stored(place)
    mac = security.mac(place.folder / "mac", place.home)
    mac.set(now=datetime.now(UTC).isoformat())
    place.path = f"{place.folder / 'mac/bin'}:{place.path}"
    place.secrets = {"MATCH_PASSWORD": PASSPHRASE}
    place.run("signing.yml", replace={CERTIFICATES: store.location})
    assert place.builds() == ["com.example.app 47"]
    assert mac.search_list() == [mac.login]
    assert not list((place.home / "Library").rglob("*.mobileprovision"))


def test_a_build_goes_to_the_app_store_once_it_is_approved(place: Place) -> None:
    versions = [store_version("1.4.0", createdDate="90 days ago"), ready_version("1.5.0")]
    about = app(
        "com.example.app",
        builds=[build("1.5.0", "47", usesNonExemptEncryption=False)],
        appStoreVersions=versions,
    )
    notes = place.folder / "app/fastlane/metadata/en-US/release_notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("Faster search.\n")
    with start_sandbox(seed(keys=KEYS, apps=[about]), store=StorePlan(review=0.2, release=0.1)) as apple:
        place.apple = apple
        given = {"version": "1.5.0", "build-number": "47"}
        place.run("app-store.yml", payload={"inputs": given})
        texts = [one.attributes["whatsNew"] for one in apple.world.all("appStoreVersionLocalizations")]
        states = [one.attributes["appVersionState"] for one in apple.world.all("appStoreVersions")]
    assert "Faster search." in texts
    assert states == ["REPLACED_WITH_NEW_VERSION", "READY_FOR_DISTRIBUTION"]


def test_the_store_page_is_checked_in_pull_requests_and_written_from_main(place: Place) -> None:
    notes = place.folder / "app/fastlane/metadata/en-US/release_notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("Faster search.\n")
    picture = place.folder / "app/fastlane/screenshots/en-US/1.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(png())
    versions = [store_version("1.4.0", createdDate="90 days ago"), ready_version("1.5.0")]
    about = app("com.example.app", appStoreVersions=versions)
    with start_sandbox(seed(keys=KEYS, apps=[about]), store=StorePlan(media=0.1)) as apple:
        place.apple = apple
        place.run("store-page.yml", event="pull_request")
        assert list(apple.requests) == []
        place.run("store-page.yml", event="push")
        texts = [one.attributes["whatsNew"] for one in apple.world.all("appStoreVersionLocalizations")]
        shots = [one.attributes["fileSize"] for one in apple.world.all("appScreenshots")]
    assert "Faster search." in texts
    assert len(png()) in shots


def people_in(place: Place, group: str) -> list[str]:
    (record,) = [one for one in place.apple.world.all("betaGroups") if one.attributes["name"] == group]
    return sorted(one.attributes["email"] for one in place.apple.world.related(record, "betaTesters"))


def test_the_group_is_the_list_in_the_repository(place: Place) -> None:
    for people in (("ada", "bob"), ("bob", "cy")):
        rows = "".join(f"{name},Example,{name}@example.com\n" for name in people)
        (place.folder / "app/testers.csv").write_text(rows)
        place.run("testers-list.yml", event="push")
        assert people_in(place, "Beta testers") == [f"{name}@example.com" for name in people]


def test_testers_are_pruned_after_a_plan(place: Place) -> None:
    rows = "Ada,Example,ada@example.com\n"
    (place.folder / "app/testers.csv").write_text(rows)
    place.run("testers-list.yml", event="push")
    for record in place.apple.world.all("betaTesters"):
        place.apple.world.change(record, state="INSTALLED")
    place.run("testers-prune.yml")
    assert people_in(place, "Beta testers") == []


def artifacts_in(folder: Path) -> tuple[str, ...]:
    """Options of act that put a folder into the place of GitHub's artifacts."""
    (folder / "upload").mkdir()
    (folder / "artifacts").mkdir()
    (folder / "upload/action.yml").write_text(UPLOAD.replace("$ARTIFACTS", str(folder / "artifacts")))
    return ("--local-repository", f"actions/upload-artifact@v7={folder / 'upload'}")


# A stand-in of GitHub's program: it keeps the issues in files of the home folder.
GH = """#!/bin/sh -e
test -n "$GH_TOKEN"
case "$1 $2 $3" in
"issue list --state") for file in "$HOME"/issues/*; do if [ -e "$file" ]; then basename "$file"; fi; done ;;
"issue create --title") mkdir -p "$HOME/issues" && cat >"$HOME/issues/$4" ;;
*) exit 1 ;;
esac
"""


def test_each_feedback_of_a_tester_becomes_one_issue(place: Place) -> None:
    (place.folder / "bin/gh").write_text(GH)
    (place.folder / "bin/gh").chmod(0o755)
    # GitHub's machines have a program of this name; this one may have python3 alone.
    (place.folder / "bin/python").symlink_to(sys.executable)
    place.options = artifacts_in(place.folder)
    place.secrets = {"GITHUB_TOKEN": "only-for-the-test"}
    world = place.apple.world
    (about,) = [one for one in world.all("apps") if one.attributes["bundleId"] == "com.example.app"]
    log_of = world.add("betaCrashLogs", {"logText": "Incident"})
    crash = {"comment": "It fell.\n@everybody", "createdDate": "1 hour ago"}
    world.add(
        "betaFeedbackCrashSubmissions", crash, {"app": about.id, "crashLog": log_of.id}, record_id="CRASH-1"
    )
    world.add(
        "betaFeedbackScreenshotSubmissions",
        {"createdDate": "2 days ago"},
        {"app": about.id},
        record_id="SHOT-1",
    )
    for _ in range(2):
        place.run("feedback.yml")
        issues = {file.name: file.read_text() for file in (place.home / "issues").iterdir()}
        assert sorted(issues) == ["TestFlight crash CRASH-1", "TestFlight screenshot SHOT-1"]
        files = [file.suffix for file in (place.folder / "artifacts").rglob("*.*")]
        assert sorted(files) == [".crash", ".json", ".png"]
        # An artifact belongs to its run.
        shutil.rmtree(place.folder / "artifacts/feedback")
    assert "    @everybody\n" in issues["TestFlight crash CRASH-1"]


def test_a_device_that_is_registered_by_hand_is_in_the_profile(place: Place) -> None:
    store = git_store(place.folder)
    mac = security.mac(place.folder / "mac", place.home)
    # The certificate is made later than this, in the first job.
    mac.set(now=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    place.path = f"{place.folder / 'mac/bin'}:{place.path}"
    place.options = artifacts_in(place.folder)
    place.secrets = {
        "ASC_SIGNING_KEY": json.dumps(place.apple.api_key()),
        "MATCH_PASSWORD": PASSPHRASE,
    }
    place.run(
        "device.yml",
        replace={CERTIFICATES: store.location},
        payload={"inputs": {"name": 'Ada\'s phone: "the new one"', "udid": "00008110-000A1B2C3D4E001E"}},
    )
    (device,) = place.apple.world.all("devices")
    assert device.attributes["name"] == 'Ada\'s phone: "the new one"'
    (profile,) = store.profiles().values()
    assert profile.devices == ("00008110-000A1B2C3D4E001E",)
    (built,) = (place.folder / "artifacts").rglob("*.ipa")
    assert built.stat().st_size


def test_new_entitlements_reach_the_bundle_id_and_the_profiles(place: Place) -> None:
    groups = {"com.apple.security.application-groups": ["group.com.example.app"]}
    (place.folder / "app/App").mkdir()
    (place.folder / "app/App/Example.entitlements").write_bytes(
        plistlib.dumps({**groups, "aps-environment": "x"})
    )
    place.secrets = {"ASC_SIGNING_KEY": json.dumps(place.apple.api_key()), "MATCH_PASSWORD": PASSPHRASE}
    store = git_store(place.folder)
    assert step(place.folder, place.apple, store).code == 0
    (bundle_id, _) = place.apple.world.all("bundleIds")
    place.apple.world.change(bundle_id, associations=groups)
    place.run("entitlements.yml", event="push", replace={CERTIFICATES: store.location})
    (profile,) = store.profiles().values()
    assert profile.entitlements["com.apple.security.application-groups"] == ["group.com.example.app"]


def test_a_pull_request_learns_if_the_profiles_have_its_entitlements(place: Place) -> None:
    place.secrets = {"ASC_API_KEY": json.dumps(place.apple.api_key())}
    identifiers = "com.example.app\ncom.example.app.widget"
    store = git_store(place.folder)
    inputs = {"bundle-ids": identifiers, "register-bundle-ids": "true", "capabilities": "PUSH_NOTIFICATIONS"}
    assert step(place.folder, place.apple, store, inputs).code == 0
    for path in ("App/Example.entitlements", "Widget/Widget.entitlements"):
        (place.folder / "app" / path).parent.mkdir(exist_ok=True)
        (place.folder / "app" / path).write_bytes(plistlib.dumps({"aps-environment": "development"}))
    place.run("verify-profiles.yml", event="pull_request")


def test_symbols_to_a_crash_reporter(place: Place) -> None:
    place.secrets = {"SENTRY_AUTH_TOKEN": "only-for-the-test"}
    place.run("symbols.yml")
    assert (place.home / "uploaded.txt").read_text() == "com.example.app-1.4.0-46.dSYM.zip"


def test_reuse_from_another_repository(place: Place) -> None:
    shared = place.folder / "workflows"
    (shared / ".github/workflows").mkdir(parents=True)
    (shared / ".github/workflows/testflight.yml").write_text((RECIPES / "reusable.yml").read_text())
    become_git_repository(shared)
    place.options = ("--local-repository", f"example/workflows@v1={shared}")
    done = place.run("caller.yml")
    assert groups_of_47(place) == ["QA"]
    assert "Build 47 is with QA." in done.printed
