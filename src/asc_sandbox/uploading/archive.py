"""Read the facts in an uploaded app, with zipfile and plistlib only, and trust none of them."""

from __future__ import annotations

import plistlib
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from asc_sandbox.symbols.programs import Program, read_programs

_INFO = re.compile(r"(?:[^/]+/)?Payload/[^/]+\.app/Info\.plist")
_LARGEST_INFO = 1 << 20
"""Bytes of Info.plist that are read at most, because the archive is not trusted."""

_FAMILIES = {1: "IPHONE", 2: "IPAD"}
"""The devices of UIDeviceFamily for which a store page needs screenshots."""

_XAR_MAGIC = b"xar!"


@dataclass(frozen=True)
class Contents:
    """The facts of an app's Info.plist, and its programs; missing facts are None."""

    bundle_id: str | None = None
    version: str | None = None
    build_number: str | None = None
    uses_non_exempt_encryption: bool | None = None
    compliance_code: str | None = None
    minimum_os: str | None = None
    families: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()


class ArchiveProblem(Exception):
    """Raised for a file that Apple would not accept. `code` and `description` go into the upload's state."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


def read_ipa(path: Path) -> Contents:
    """Read the Info.plist of an .ipa. Raises ArchiveProblem."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if _INFO.fullmatch(name)]
            if not names:
                raise ArchiveProblem("90018", "The package has no Payload/*.app/Info.plist.")
            # The shortest path is the app's own: extensions lie below it.
            with archive.open(min(names, key=len)) as file:
                info = plistlib.loads(file.read(_LARGEST_INFO))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        raise ArchiveProblem("90013", "The file is not a zip archive, or it is damaged.") from None
    except (plistlib.InvalidFileException, ExpatError, ValueError):
        raise ArchiveProblem("90018", "The Info.plist of the app cannot be read.") from None
    return replace(_contents(info if isinstance(info, dict) else {}), programs=read_programs(path))


def check_pkg(path: Path) -> None:
    """Raise ArchiveProblem unless the file begins as an installer package does."""
    with path.open("rb") as file:
        if file.read(len(_XAR_MAGIC)) != _XAR_MAGIC:
            raise ArchiveProblem("90013", "The file is not an installer package.")


def _numbers(value: Any) -> list[int]:
    return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []


def _contents(info: dict[str, Any]) -> Contents:
    def text(name: str) -> str | None:
        value = info.get(name)
        return value if isinstance(value, str) else None

    encryption = info.get("ITSAppUsesNonExemptEncryption")
    return Contents(
        bundle_id=text("CFBundleIdentifier"),
        version=text("CFBundleShortVersionString"),
        build_number=text("CFBundleVersion"),
        uses_non_exempt_encryption=encryption if isinstance(encryption, bool) else None,
        compliance_code=text("ITSEncryptionExportComplianceCode"),
        minimum_os=text("MinimumOSVersion"),
        families=tuple(_FAMILIES[code] for code in _numbers(info.get("UIDeviceFamily")) if code in _FAMILIES),
    )
