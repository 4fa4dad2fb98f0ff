"""Make an .ipa as Xcode exports it, small or of any size."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asc_sandbox.samples.bundle import App
from asc_sandbox.samples.padding import padding as make_padding
from asc_sandbox.samples.profile import ProfileKind, make_profile

# Zip archives hold times: with a fixed one the same arguments give the same bytes.
FIXED_TIME = (2026, 1, 31, 10, 0, 0)
_PADDING = "Assets.bin"
_ZIP64_FROM = 2**31 - 1
"""Size in bytes from which zipfile needs the 64-bit format."""


def make_ipa(
    path: Path,
    bundle_id: str = "com.example.app",
    version: str = "1.0",
    build_number: str = "1",
    platform: str = "IOS",
    *,
    name: str = "Example",
    padding: int = 0,
    size: int = 0,
    encryption: bool | None = False,
    binary_plist: bool = True,
    profile: ProfileKind | bytes | None = "app-store",
    extensions: Mapping[str, str] | None = None,
    info: Mapping[str, Any] | None = None,
    seed: int = 1,
) -> Path:
    """Write an .ipa and return its path.

    `platform` is IOS, TV_OS, VISION_OS or MAC_OS. `padding` adds this many bytes that do not compress; `size` pads
    the whole file to this many bytes (exactly below 2 GiB, up to some dozens of bytes more above). `encryption` is
    ITSAppUsesNonExemptEncryption, None leaves it out. `profile` is a kind, or the bytes to embed. `extensions` maps
    paths in the app (`PlugIns/Share.appex`, `Watch/Watch.app`) to build numbers. `info` is added to Info.plist;
    None removes a key. The same arguments give the same bytes, except for the profile, which is signed anew each
    time.
    """
    app = App(bundle_id, version, build_number, platform, name, encryption, binary_plist, info)
    files = {**app.files(), **_profile(app, profile), **_nested(app, extensions or {})}
    folder = f"Payload/{name}.app/"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, data in files.items():
            archive.writestr(_entry(folder + inner, executable=inner.endswith(name)), data)
        length = padding or _left_to(size, archive, folder + _PADDING)
        if length > 0:
            _write_padding(archive, folder + _PADDING, length, seed)
    return path


def _profile(app: App, profile: ProfileKind | bytes | None) -> dict[str, bytes]:
    if profile is None:
        return {}
    path = "Contents/embedded.provisionprofile" if app.platform == "MAC_OS" else "embedded.mobileprovision"
    made = (
        profile if isinstance(profile, bytes) else make_profile(app.bundle_id, profile, platform=app.platform)
    )
    return {path: made}


def _nested(app: App, extensions: Mapping[str, str]) -> dict[str, bytes]:
    files = {}
    for folder, build_number in extensions.items():
        name, _, kind = folder.rsplit("/", 1)[-1].rpartition(".")
        nested = App(
            f"{app.bundle_id}.{name}", app.version, build_number, app.platform, name, encryption=None
        )
        inner = nested.files("APPL" if kind == "app" else "XPC!")
        files.update({f"{folder}/{path}": data for path, data in inner.items()})
    return files


def _entry(path: str, *, executable: bool = False, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, FIXED_TIME)
    entry.compress_type = method
    # Unix: for other systems the permissions below are ignored.
    entry.create_system = 3
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    return entry


def _left_to(size: int, archive: zipfile.ZipFile, path: str) -> int:
    """Return how many bytes of padding make the archive `size` bytes long. Raises ValueError if it is longer."""
    if not size:
        return 0
    # Everything but the padding is written, and the sizes of headers are known from the names.
    written = archive.fp.tell() if archive.fp else 0
    directory = sum(46 + len(entry.filename.encode()) for entry in archive.infolist())
    # A local header takes 30 bytes, an entry of the directory 46 and its end 22; names stand in both.
    left = size - written - directory - (30 + 46 + 2 * len(path.encode())) - 22
    if left < 0:
        raise ValueError(f"an .ipa with this content cannot be smaller than {size - left:,} bytes")
    return left


def _write_padding(archive: zipfile.ZipFile, path: str, length: int, seed: int) -> None:
    entry = _entry(path, method=zipfile.ZIP_STORED)
    with archive.open(entry, "w", force_zip64=length > _ZIP64_FROM) as file:
        for chunk in make_padding(length, seed):
            file.write(chunk)
