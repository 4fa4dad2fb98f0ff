"""What tests of binaries are made of."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asc.builds.binary import BinaryError, read_binary
from asc_sandbox.samples.bundle import App
from asc_sandbox.samples.xar import XarFile, write_xar

NOW = datetime.now(UTC)


INFO = App("com.example.app", "1.0", "1").info_plist()


APP = "Payload/Example.app/"


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    """What is said about a file that cannot be read; both lines name things a user can look at."""
    with pytest.raises(BinaryError) as caught:
        read_binary(path)
    error = caught.value
    assert str(path) in error.message
    assert error.remedy.endswith(".")
    assert "\n" not in error.message + error.remedy
    assert error.exit_code == 2
    return f"{error.message} {error.remedy}"


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    write_xar(path, [XarFile.of(name, data) for name, data in files.items()])
    return path
