"""A stand-in for `xcodebuild`: archives remember scheme, version and build number, exports make a real .ipa of them.

It takes the arguments that the docs use and refuses others. Where the export options name a certificate, `security`
must find it, and the profiles must lie where Xcode looks: as the real one does, it signs with nothing else.
"""

from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
from pathlib import Path

XCODE = "Library/Developer/Xcode/UserData/Provisioning Profiles"
SETTINGS = {"CURRENT_PROJECT_VERSION", "MARKETING_VERSION", "DEVELOPMENT_TEAM", "OTHER_CODE_SIGN_FLAGS"}
SETTINGS |= {"CODE_SIGN_STYLE", "CODE_SIGN_IDENTITY"}


def main(arguments: list[str]) -> None:
    """`archive` or `-exportArchive`."""
    options, words = read(arguments)
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    assert settings.keys() <= SETTINGS, f"xcodebuild: unknown build setting in {words}"
    if words and words[0] == "archive":
        archive(Path(options["-archivePath"]), options["-scheme"], settings)
    elif "-exportArchive" in options:
        plist = plistlib.loads(Path(options["-exportOptionsPlist"]).read_bytes())
        export(Path(options["-archivePath"]), Path(options["-exportPath"]), plist)
    else:
        sys.exit(f"xcodebuild: nothing to do: {words}")


def read(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and the other words."""
    options: dict[str, str] = {}
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("-"):
            options[argument] = "" if argument == "-exportArchive" else next(rest)
        else:
            words.append(argument)
    return options, words


def archive(path: Path, scheme: str, settings: dict[str, str]) -> None:
    """What a build knows of itself, in the archive's place."""
    identity = settings.get("CODE_SIGN_IDENTITY")
    if identity and identity not in identities():
        sys.exit(f"error: No signing certificate “{identity}” found")
    path.mkdir(parents=True)
    about = {
        "scheme": scheme,
        "version": settings.get("MARKETING_VERSION", "1.5.0"),
        "build_number": settings.get("CURRENT_PROJECT_VERSION", "47"),
    }
    (path / "Info.json").write_text(json.dumps(about))


def export(path: Path, folder: Path, options: dict[str, object]) -> None:
    """An .ipa with the numbers of the archive."""
    from asc_sandbox.samples import make_ipa

    if (sha1 := options.get("signingCertificate")) and str(sha1) not in identities():
        sys.exit(f"error: exportArchive: No signing certificate {sha1} found")
    profiles = options.get("provisioningProfiles", {})
    assert isinstance(profiles, dict)
    for bundle_id, uuid in profiles.items():
        if not (Path(os.environ["HOME"]) / XCODE / f"{uuid}.mobileprovision").is_file():
            sys.exit(f"error: exportArchive: No profile for {bundle_id}")
    about = json.loads((path / "Info.json").read_text())
    folder.mkdir(exist_ok=True)
    bundle_id = "com.example.fresh" if about["scheme"] == "Fresh" else "com.example.app"
    make_ipa(folder / f"{about['scheme']}.ipa", bundle_id, about["version"], about["build_number"])


def identities() -> str:
    """What codesign could sign with."""
    command = ["security", "find-identity", "-v", "-p", "codesigning"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
