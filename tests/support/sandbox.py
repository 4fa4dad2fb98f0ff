"""The sandbox for tests: starts it with the contract, and writes seeds that read like a specification.

with start_sandbox(seed(apps=[app("com.example.app", builds=[build("1.0", "7")])])) as sandbox:
    ...  # sandbox.url, sandbox.api_key(), sandbox.requests
"""

from __future__ import annotations

import io
import plistlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from support.contract import contract

Json = dict[str, Any]


@contextmanager
def start_sandbox(
    seed: Mapping[str, Any] | Path | str | None = None, *, expect_violations: bool = False, **options: Any
) -> Iterator[Sandbox]:
    """A running sandbox; `options` are those of Sandbox. Without a seed it is the demo.

    Every request and answer is held against Apple's document, and a violation fails the test when the sandbox
    stops. With `expect_violations` the test looks at `sandbox.violations` itself.
    """
    with Sandbox(seed, **{"contract": contract(), **options}) as sandbox:
        yield sandbox
    if sandbox.violations and not expect_violations:
        listed = "\n".join(f"by the {each.by}: {each.problems}" for each in sandbox.violations)
        raise AssertionError(f"Apple's document was broken\n{listed}")


def seed(*, apps: Sequence[Json] = (), keys: Sequence[Json] = (), **others: Sequence[Json]) -> Json:
    """A seed: apps, keys (one ADMIN key when there is none), and any other type of records by its name."""
    return {"apps": list(apps), **({"keys": list(keys)} if keys else {}), **others}


def key(key_id: str, role: str = "ADMIN", **members: Any) -> Json:
    """An API key."""
    return {"id": key_id, "role": role, **members}


def app(
    bundle_id: str,
    *,
    builds: Iterable[Json] = (),
    uploads: Iterable[Json] = (),
    versions: Iterable[Json] = (),
    **attributes: Any,
) -> Json:
    """An app with its builds, build uploads and versions in the App Store.

    Builds of one train are put together.
    """
    trains: dict[tuple[str, str], list[Json]] = {}
    for entry in builds:
        train = (entry["train"], entry["platform"])
        trains.setdefault(train, []).append(
            {name: value for name, value in entry.items() if name not in ("train", "platform")}
        )
    return {
        "bundleId": bundle_id,
        "name": bundle_id.rsplit(".", 1)[-1].title(),
        "preReleaseVersions": [
            {"version": version, "platform": platform, "builds": members}
            for (version, platform), members in trains.items()
        ],
        "buildUploads": list(uploads),
        "appStoreVersions": list(versions),
        **attributes,
    }


def build(
    train: str, version: str, state: str = "VALID", *, platform: str = "IOS", **attributes: Any
) -> Json:
    """A build of a train, as build("1.4.0", "41"). An `id` is needed only to refer to it."""
    return {"train": train, "platform": platform, "version": version, "processingState": state, **attributes}


def upload(
    train: str, version: str, state: str = "COMPLETE", *, platform: str = "IOS", **attributes: Any
) -> Json:
    """A build upload; `state` is one of Apple's four, or Apple's mapping with its reasons."""
    numbers = {"cfBundleShortVersionString": train, "cfBundleVersion": version}
    return {**numbers, "platform": platform, "state": state, **attributes}


def store_version(
    version: str, *, build: str | None = None, platform: str = "IOS", **attributes: Any
) -> Json:
    """A version in the App Store, live unless told otherwise; `build` is the id of a build."""
    reference = {} if build is None else {"build": build}
    return {"versionString": version, "platform": platform, **reference, **attributes}


def ipa(
    bundle_id: str = "com.example.app",
    version: str = "1.0",
    number: str = "1",
    *,
    folder: str = "",
    **info: Any,
) -> bytes:
    """An .ipa with nothing but an Info.plist, below `folder` when one is given; None leaves a key out."""
    usual = {
        "CFBundleIdentifier": bundle_id,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": number,
        "MinimumOSVersion": "15.0",
    }
    plist = {name: value for name, value in {**usual, **info}.items() if value is not None}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{folder}Payload/Example.app/Info.plist", plistlib.dumps(plist))
    return content.getvalue()
