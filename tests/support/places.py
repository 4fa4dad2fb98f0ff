"""What the workflows in the docs find at home: a repository with an app, and the programs of a Mac on PATH."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from support.scratch import REPOSITORY

# An app's build script; the numbers go the way that Xcode's build settings go.
BUILD = """#!/bin/sh -e
# usage: build.sh SCHEME BUILD-NUMBER [VERSION]
xcodebuild archive -scheme "$1" -archivePath "build/$1.xcarchive" \
  "CURRENT_PROJECT_VERSION=$2" "MARKETING_VERSION=${3:-1.5.0}"
xcodebuild -exportArchive -archivePath "build/$1.xcarchive" -exportPath build -exportOptionsPlist ExportOptions.plist
"""
OPTIONS = """<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>method</key><string>app-store-connect</string></dict></plist>
"""
PROGRAMS = {"xcodebuild": "xcodebuild.py", "npx": "crash_reporter.py"}


def put_app(folder: Path) -> Path:
    """The repository of an app: a build script and its export options."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "build.sh").write_text(BUILD)
    (folder / "build.sh").chmod(0o755)
    (folder / "ExportOptions.plist").write_text(OPTIONS)
    (folder / "build").mkdir()
    (folder / "build/.gitkeep").touch()
    return folder


def put_programs(folder: Path) -> str:
    """The stand-ins, as programs. Returns a PATH on which they are found first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in PROGRAMS.items():
        code = f"import sys; sys.path.insert(0, {str(REPOSITORY / 'src')!r})\n"
        code += "import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        command = shlex.join([sys.executable, "-I", "-c", code, str(REPOSITORY / "tests/support" / module)])
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"
