"""Make a file to upload: `entrypoint.py sandbox make-ipa` and `make-pkg`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from asc_sandbox.samples import make_ipa, make_pkg
from asc_sandbox.samples.bundle import SDKS
from asc_sandbox.samples.profile import KINDS


def main(argv: Sequence[str]) -> int:
    """Make the file and print its path. Return 0, or 2 if the options are wrong."""
    options = vars(_parser().parse_args(argv))
    path: Path = options["path"]
    make = make_ipa if options.pop("command") == "make-ipa" else make_pkg
    try:
        make(**{name: value for name, value in options.items() if value is not None})
    except (OSError, ValueError) as error:
        # A size that is too small is noticed only when everything else is written.
        if isinstance(error, ValueError):
            path.unlink(missing_ok=True)
        print(f"sandbox: {path} cannot be made: {error}", file=sys.stderr)
        return 2
    print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{Path(sys.argv[0]).name} sandbox", description="Small real files to try things with."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    ipa = commands.add_parser("make-ipa", help="an app for iOS, tvOS or visionOS")
    pkg = commands.add_parser("make-pkg", help="a package for macOS")
    for made in (ipa, pkg):
        _add_common(made)
    ipa.add_argument(
        "--platform", choices=sorted(SDKS), default="IOS", help="as Apple's API writes it (%(default)s)"
    )
    ipa.add_argument(
        "--profile", choices=KINDS, default="app-store", help="the profile to embed (%(default)s)"
    )
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="the file to write")
    add("--bundle-id", default="com.example.app", metavar="ID", help="CFBundleIdentifier (%(default)s)")
    add("--version", default="1.0", metavar="TEXT", help="CFBundleShortVersionString (%(default)s)")
    add("--build-number", default="1", metavar="TEXT", help="CFBundleVersion (%(default)s)")
    add("--name", default="Example", metavar="TEXT", help="name of the app (%(default)s)")
    add(
        "--size",
        type=int,
        metavar="BYTES",
        help="pad the file to this size (as small as possible)",
    )
    add("--seed", type=int, default=1, metavar="N", help="number that decides the padding (%(default)s)")
