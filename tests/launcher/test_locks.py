"""The locks fit pyproject.toml and each other. `make check` runs this; it needs no network."""

import re
import tomllib
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import pytest
from packaging.markers import Marker
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


@dataclass(frozen=True)
class Pin:
    """One line of a lock. A package has two where some machines need another version (docs/adr/0003)."""

    name: str
    version: str
    marker: Marker | None
    hashes: frozenset[str]
    direct: bool
    """Whether pyproject.toml itself asks for it."""

    def serves_here(self) -> bool:
        return self.marker is None or self.marker.evaluate()


def read(lock: str) -> list[Pin]:
    return [_pin(block) for block in re.split(r"\n(?=[a-z0-9])", (REPOSITORY / lock).read_text())]


def _pin(block: str) -> Pin:
    line = Requirement(block.split("\\\n")[0].strip())
    match = re.fullmatch(r"==([^,]+)", str(line.specifier))
    assert match, line
    hashes = frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
    return Pin(canonicalize_name(line.name), match[1], line.marker, hashes, "(pyproject.toml" in block)


def asked_for(lock: str) -> list[Requirement]:
    project: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    if lock in GROUPS:
        return [Requirement(text) for text in project["dependency-groups"][GROUPS[lock]]]
    texts = list(project["project"]["dependencies"])
    for extra in EXTRAS[lock]:
        texts += project["project"]["optional-dependencies"][extra]
    if lock == DEV:
        texts += project["dependency-groups"]["dev"]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", [*EXTRAS, *GROUPS])
def test_a_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    pins, asked = read(lock), asked_for(lock)
    assert {pin.name for pin in pins if pin.direct} == {canonicalize_name(it.name) for it in asked}, STALE
    for requirement in asked:
        versions = [pin.version for pin in pins if pin.name == canonicalize_name(requirement.name)]
        assert any(map(requirement.specifier.contains, versions)), f"{requirement}: {STALE}"


@pytest.mark.parametrize("lock", [*EXTRAS, *GROUPS])
def test_every_pin_has_hashes_and_what_is_not_needed_is_left_out(lock: str) -> None:
    pins = read(lock)
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert LEFT_OUT.isdisjoint(pin.name for pin in pins)


@pytest.mark.parametrize(("smaller", "larger"), [(BASE, STORES), (STORES, GOOGLE), (GOOGLE, DEV)])
def test_the_locks_agree(smaller: str, larger: str) -> None:
    """What a storage adds changes nothing in what all run with, and the tests run with what is installed."""
    small, large = read(smaller), read(larger)
    shared = {pin.name for pin in small} & {pin.name for pin in large}
    assert {(pin.name, pin.version, pin.hashes) for pin in small} == {
        (pin.name, pin.version, pin.hashes) for pin in large if pin.name in shared
    }, STALE


@pytest.mark.parametrize("lock", [BASE, STORES, GOOGLE])
def test_a_lock_is_complete(lock: str) -> None:
    """What the packages ask for is there: pip installs the locks with --no-deps."""
    pins = {pin.name: pin for pin in read(lock) if pin.serves_here()}
    for name, pin in pins.items():
        assert metadata.version(name) == pin.version, "run make setup"
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            needed_name = canonicalize_name(needed.name)
            if needed_name in LEFT_OUT or (needed.marker and not needed.marker.evaluate({"extra": ""})):
                continue
            assert needed_name in pins, f"{name} needs {needed}: {STALE}"
            assert needed.specifier.contains(pins[needed_name].version), f"{name} needs {needed}: {STALE}"
