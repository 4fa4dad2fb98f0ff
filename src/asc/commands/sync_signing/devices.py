"""The input `devices`: a mapping of names to UDIDs, or a file that holds one or is as fastlane and Apple have it.

Device ID	Device Name	Device Platform
00008110-000A1B2C3D4E001E	A phone	ios
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asc.commands import kinds


def read(text: str) -> dict[str, Any]:
    """Name → UDID. Raises ValueError with the reason."""
    if "\n" in text or text.startswith("{") or ": " in text:
        return _read(text)
    try:
        return _read(Path(text).read_text("utf-8-sig"))
    except OSError as error:
        raise ValueError(
            f"{kinds.quoted(text)} is neither name: UDID nor a file that can be read ({error.strerror})"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{kinds.quoted(text)} is not a text file") from None


def _read(text: str) -> dict[str, Any]:
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    if not lines or not all(len(line) > 1 for line in lines):
        return dict(kinds.MAPPING.parse(text))
    rows = lines[1:] if lines[0][0].strip().lower() == "device id" else lines
    return {_free(name.strip(), number, rows): udid.strip() for number, (udid, name, *_) in enumerate(rows)}


def _free(name: str, number: int, rows: list[list[str]]) -> str:
    """Names of devices need not differ."""
    before = sum(row[1].strip() == name for row in rows[:number])
    return f"{name} {before + 1}" if before else name


KIND = kinds.Kind("mapping", "name: UDID in YAML or JSON, or the path of a file", read)
