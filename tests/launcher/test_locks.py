"""The locks fit pyproject.toml and each other. `make check` runs this; it needs no network."""

import re
import tomllib
from importlib import metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.scratch import REPOSITORY

BASE, STORES, GOOGLE, DEV = (
    f"requirements{which}.lock" for which in ("", "-object-stores", "-google-cloud", "-dev")
)
STORE_EXTRAS = ("storage-s3", "storage-azure")
EXTRAS: dict[str, tuple[str, ...]] = {
    BASE: (),
    STORES: STORE_EXTRAS,
    GOOGLE: (*STORE_EXTRAS, "storage-google-cloud"),
    DEV: ("sandbox",),
}
GROUPS = {f"locks/{group}.lock": group for group in ("audit", "browser", "plot", "site")}
LEFT_OUT = {"pygithub", "pynacl"}
STALE = "run make lock"


def read(lock: str) -> dict[str, tuple[Requirement, set[str], bool]]:
    """Name → the pin, its hashes, and whether pyproject.toml itself asks for it."""
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", (REPOSITORY / lock).read_text()):
        pin = Requirement(block.split("\\\n")[0].strip())
        hashes = set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
        found[canonicalize_name(pin.name)] = pin, hashes, "(pyproject.toml" in block
    return found


def asked_for(lock: str) -> dict[str, Requirement]:
    project: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    if lock in GROUPS:
        return _by_name(project["dependency-groups"][GROUPS[lock]])
    texts = list(project["project"]["dependencies"])
    for extra in EXTRAS[lock]:
        texts += project["project"]["optional-dependencies"][extra]
    if lock == DEV:
        texts += project["dependency-groups"]["dev"]
    return _by_name(texts)


def _by_name(texts: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(asked.name): asked for asked in map(Requirement, texts)}


def version(pin: Requirement) -> str:
    match = re.fullmatch(r"==([^,]+)", str(pin.specifier))
    assert match, pin
    return match[1]


@pytest.mark.parametrize("lock", [*EXTRAS, *GROUPS])
def test_a_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    pins, asked = read(lock), asked_for(lock)
    assert {name for name, (_, _, direct) in pins.items() if direct} == set(asked), STALE
    for name, requirement in asked.items():
        assert requirement.specifier.contains(version(pins[name][0])), f"{requirement}: {STALE}"


@pytest.mark.parametrize("lock", [*EXTRAS, *GROUPS])
def test_every_pin_has_hashes_and_what_is_not_needed_is_left_out(lock: str) -> None:
    pins = read(lock)
    assert [name for name, (_, hashes, _) in pins.items() if not hashes] == []
    assert LEFT_OUT.isdisjoint(pins)


@pytest.mark.parametrize(("smaller", "larger"), [(BASE, STORES), (STORES, GOOGLE), (GOOGLE, DEV)])
def test_the_locks_agree(smaller: str, larger: str) -> None:
    """What a storage adds changes nothing in what all run with, and the tests run with what is installed."""
    small, large = read(smaller), read(larger)
    assert {name: (version(pin), hashes) for name, (pin, hashes, _) in small.items()} == {
        name: (version(large[name][0]), large[name][1]) for name in small if name in large
    }, STALE


@pytest.mark.parametrize("lock", [BASE, STORES, GOOGLE])
def test_a_lock_is_complete(lock: str) -> None:
    """What the packages ask for is there: pip installs the locks with --no-deps."""
    pins = read(lock)
    for name, (pin, _, _) in pins.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        assert metadata.version(name) == version(pin), "run make setup"
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            needed_name = canonicalize_name(needed.name)
            if needed_name in LEFT_OUT or (needed.marker and not needed.marker.evaluate({"extra": ""})):
                continue
            assert needed_name in pins, f"{name} needs {needed}: {STALE}"
            assert needed.specifier.contains(version(pins[needed_name][0])), f"{name} needs {needed}: {STALE}"
