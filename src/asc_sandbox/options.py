"""The options of the sandbox's command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asc_sandbox import faults
from asc_sandbox.plans import (
    DEFAULT_PROCESSING,
    DEFAULT_REVIEW,
    DEFAULT_STORE,
    DEFAULT_WEBHOOKS,
    MEDIA_OUTCOMES,
    OUTCOMES,
    REVIEW_OUTCOMES,
    VERDICTS,
)
from asc_sandbox.seed import DEMO
from asc_sandbox.server import APPLES_RATE_LIMIT
from asc_sandbox.symbols.library import DEFAULT_LINK_LIFETIME
from asc_sandbox.uploading.depot import DEFAULT_LIFETIME, DEFAULT_PART_SIZE

_FAULTS_HELP = (
    "faults:\n  A fault is METHOD PATH WORDS, as 'GET /v1/builds status=503 retry-after=1 times=2'.\n"
    + "\n".join(f"  {line}" for line in (*faults.EFFECTS.values(), *faults.SETTINGS.values()))
)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the options of `sandbox`."""
    parser = argparse.ArgumentParser(
        prog=f"{Path(sys.argv[0]).name} sandbox",  # entrypoint.py, or asc-actions if it is a package
        description="A local App Store Connect. Point a client at it with ASC_API_URL. "
        "`sandbox make-ipa` and `make-pkg` make files to upload.",
        epilog=_FAULTS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_server_options(_Group(parser, "server"))
    _add_world_options(_Group(parser, "world"))
    _add_apple_options(_Group(parser, "uploads and TestFlight"))
    _add_store_options(_Group(parser, "App Store"))
    _add_webhook_options(_Group(parser, "webhooks"))
    _add_trouble_options(_Group(parser, "trouble"))
    return parser


class _Group:
    """A group of options with a title. Each help text ends with the default, if there is one."""

    def __init__(self, parser: argparse.ArgumentParser, title: str) -> None:
        self.add = parser.add_argument_group(title).add_argument

    def file(self, name: str, text: str) -> None:
        self.add(name, type=Path, metavar="FILE", help=text)

    def seconds(self, name: str, default: float, text: str) -> None:
        self.add(name, type=float, default=default, metavar="SECONDS", help=f"{text} (%(default)s)")

    def count(self, name: str, default: int, text: str, unit: str = "N") -> None:
        self.add(name, type=int, default=default, metavar=unit, help=f"{text} (%(default)s)")

    def choice(self, name: str, choices: tuple[str, ...], default: str, text: str) -> None:
        self.add(name, choices=choices, default=default, help=f"{text} (%(default)s)")


def _port(text: str) -> int:
    port = int(text)
    # Checked here, because the operating system's error would not name the option.
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return port


def _add_server_options(group: _Group) -> None:
    group.add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    group.add("--port", type=_port, default=0, help="port to listen on (a free one, which is printed)")
    group.file("--log", "write a JSON line per request")
    group.add("--stop-after", type=float, metavar="SECONDS", help="stop after this time, for unattended use")


def _add_world_options(group: _Group) -> None:
    group.file("--seed", f"YAML: the apps, builds and keys to start with ({DEMO.name})")
    group.file("--key-file", "write an API key JSON; an existing one is used")
    group.add("--key-id", metavar="ID", help="the key of the seed to write (the first)")
    group.file("--ca-file", "write the certificates of its authority: PEM, the root last")
    group.file("--contract", "check requests and answers against Apple's document, from `make contract`")


def _add_apple_options(group: _Group) -> None:
    processing, review = DEFAULT_PROCESSING, DEFAULT_REVIEW
    group.seconds("--processing", processing.seconds, "how long it takes to process an upload")
    group.seconds(
        "--detail-lag", processing.detail_lag, "how long the beta detail says PROCESSING after that"
    )
    group.choice("--outcome", OUTCOMES, processing.outcome, "how the processing of an upload ends")
    group.seconds("--review", review.seconds, "how long beta review takes")
    group.choice("--review-outcome", REVIEW_OUTCOMES, review.outcome, "the verdict of beta review")
    group.count("--part-size", DEFAULT_PART_SIZE, "the size of the parts of a file", "BYTES")
    group.seconds("--part-lifetime", DEFAULT_LIFETIME, "how long the address of a part is valid")
    group.seconds("--link-lifetime", DEFAULT_LINK_LIFETIME, "how long a link to symbols is valid")
    group.count("--symbols-padding", 0, "bytes to add to each archive of symbols", "BYTES")


def _add_store_options(group: _Group) -> None:
    usual = DEFAULT_STORE
    group.seconds("--app-review", usual.review, "how long the review of a version takes")
    group.seconds("--media", usual.media, "how long a picture or a video is processed")
    group.seconds("--release", usual.release, "how long it takes until a released version is live")
    group.seconds("--cancel", usual.cancel, "how long it takes to withdraw a submission")
    group.seconds("--store-lag", usual.lag, "how much later Apple's automatic changes can be seen")
    group.choice("--verdict", VERDICTS, usual.verdict, "how the review of a version ends")
    group.choice(
        "--media-outcome",
        MEDIA_OUTCOMES,
        usual.media_outcome,
        "how the processing of faultless pictures and videos ends",
    )


def _add_webhook_options(group: _Group) -> None:
    usual = DEFAULT_WEBHOOKS
    group.add(
        "--webhooks-to",
        default=usual.to,
        metavar="URL",
        help="send all events here, as to a relay on this machine, and not to the addresses of the webhooks",
    )
    group.count("--webhook-attempts", usual.attempts, "attempts until a delivery has failed")
    group.seconds("--webhook-retry", usual.retry, "how long it takes until the next attempt")


def _add_trouble_options(group: _Group) -> None:
    group.add("--fault", action="append", default=[], metavar="SPEC", help="see below; repeatable")
    group.add("--latency", type=float, default=0, metavar="MS", help="milliseconds to add to every request")
    group.count("--rate-limit", APPLES_RATE_LIMIT, "requests per key and hour")
    group.count("--rate-spent", 0, "requests that each key sent in the hour before the start")
    group.add(
        "--clock-speed",
        type=float,
        default=1,
        metavar="N",
        help="let time pass N times as fast: at 60 an hour takes a minute (%(default)s)",
    )
    group.add(
        "--clock-offset", type=float, default=0, metavar="SECONDS", help="run the clock ahead or behind"
    )
