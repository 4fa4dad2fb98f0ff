"""Everything in a lock has a wheel for each machine and Python that docs/runtime.md promises.

uv resolves for another machine without installing: it lists the wheels that fit there, and one of them has to be among
the hashes of the lock. The index is asked for names and versions only.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.scratch import REPOSITORY

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
MACHINES = {
    "Linux x86-64, glibc 2.28": "x86_64-manylinux_2_28",
    "Linux arm64, glibc 2.28": "aarch64-manylinux_2_28",
    "Linux x86-64, musl": "x86_64-unknown-linux-musl",
    "Linux arm64, musl": "aarch64-unknown-linux-musl",
    "macOS on Intel": "x86_64-apple-darwin",
    "macOS on Apple silicon": "aarch64-apple-darwin",
}
"""The machines that docs/runtime.md promises, and uv's names for the oldest system of each."""
EVERYTHING, WITHOUT_GOOGLE = "requirements-google-cloud.lock", "requirements-object-stores.lock"


def lock_for(machine: str) -> str:
    """Return the largest lock that is promised: it holds the smaller ones, as test_locks shows."""
    # google-crc32c, which google-cloud-storage needs, has no wheel for musl.
    return WITHOUT_GOOGLE if "musl" in machine else EVERYTHING


def without_a_wheel(lock: str, platform: str, python: str) -> list[str]:
    """Return the packages of a lock that cannot be installed there; raise AssertionError with uv's words."""
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--no-header", lock]
    command += ["--python-platform", platform, "--python-version", python]
    command += ["--python", sys.executable, "--no-deps", "--only-binary", ":all:", "--format", "pylock.toml"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    if "Failed to fetch" in done.stderr and not os.environ.get("CI"):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    locked = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", (REPOSITORY / lock).read_text()))
    packages = tomllib.loads(done.stdout)["packages"]
    assert "cryptography" in {package["name"] for package in packages}
    return [
        f"{package['name']} {package['version']}"
        for package in packages
        if locked.isdisjoint(wheel["hashes"]["sha256"] for wheel in package.get("wheels", ()))
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_every_package_has_a_locked_wheel(machine: str, python: str) -> None:
    assert without_a_wheel(lock_for(machine), MACHINES[machine], python) == []


def test_a_package_without_a_wheel_for_a_machine_is_seen() -> None:
    """The only promise that is not made: gs:// on musl. If this fails, promise it."""
    with pytest.raises(AssertionError, match="google-crc32c"):
        without_a_wheel(EVERYTHING, MACHINES["Linux x86-64, musl"], "3.12")


def test_the_docs_promise_what_is_tested_here() -> None:
    said = " ".join((REPOSITORY / "docs/runtime.md").read_text("utf-8").split())
    assert [machine for machine in MACHINES if machine not in said] == []
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in said


def test_no_action_uses_the_parts_with_known_weaknesses() -> None:
    """macOS on Intel keeps cryptography 48.0.1; docs/adr/0003 lists its weaknesses, all in these parts."""
    weak = re.compile(r"\bpkcs7\b|x509[. ]+(?:import )?verification\b")
    assert [
        path.name for path in (REPOSITORY / "src/asc").rglob("*.py") if weak.search(path.read_text())
    ] == []
