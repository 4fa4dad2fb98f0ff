"""Run a local App Store Connect until it is interrupted: `entrypoint.py sandbox`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from asc_sandbox import faults
from asc_sandbox.keys import KeyFileError
from asc_sandbox.plans import (
    DEFAULT_PROCESSING,
    DEFAULT_REVIEW,
    DEFAULT_STORE,
    DEFAULT_WEBHOOKS,
    MEDIA_OUTCOMES,
    OUTCOMES,
    REVIEW_OUTCOMES,
    VERDICTS,
    Processing,
    Review,
    Store,
    Webhooks,
)
from asc_sandbox.seed import DEMO, SeedError
from asc_sandbox.server import APPLES_RATE_LIMIT, Sandbox
from asc_sandbox.symbols.library import DEFAULT_LINK_LIFETIME
from asc_sandbox.uploading.depot import DEFAULT_LIFETIME, DEFAULT_PART_SIZE

_FAULTS_HELP = (
    "faults:\n  A fault is METHOD PATH WORDS, as 'GET /v1/builds status=503 retry-after=1 times=2'.\n"
    + "\n".join(f"  {line}" for line in (*faults.EFFECTS.values(), *faults.SETTINGS.values()))
)


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM, SIGINT or --stop-after. Return 0, or 2 if the options are wrong."""
    if argv and argv[0] in ("make-ipa", "make-pkg"):
        # Imported here: it brings the code that signs, and a server starts faster without it.
        from asc_sandbox.samples import cli as samples

        return samples.main(argv)
    options = _parser().parse_args(argv)
    stop = threading.Event()
    # Both stop the sandbox in order, so that its temporary files are deleted.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        sandbox = _sandbox(options)
        # Written before the first line is printed: a client that has seen the line can read the file.
        if options.ca_file:
            options.ca_file.write_bytes(sandbox.authority.chain())
        sandbox.start()
    except (SeedError, faults.FaultError, KeyFileError, OSError, ValueError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        advice = f"port {options.port} is in use: give another --port, or omit it to get a free one"
        print(f"sandbox: {advice if in_use else error}", file=sys.stderr)
        return 2
    # Flushed at once: the process that started the sandbox waits for this line.
    print(f"sandbox: listening on {sandbox.url}", flush=True)
    print(f"sandbox: open {sandbox.url}/ in a browser to see what it holds", file=sys.stderr, flush=True)
    stop.wait(options.stop_after)
    sandbox.stop()
    return 0


def _sandbox(options: argparse.Namespace) -> Sandbox:
    contract = None
    if options.contract:
        # Imported here: it needs jsonschema-rs, a development tool.
        from asc_sandbox.contract import Contract

        contract = Contract.load(options.contract)
    return Sandbox(
        options.seed,
        contract=contract,
        faults=options.fault,
        # The option is in milliseconds; everything inside is in seconds.
        latency=options.latency / 1000,
        clock_offset=options.clock_offset,
        clock_speed=options.clock_speed,
        rate_limit=options.rate_limit,
        rate_spent=options.rate_spent,
        host=options.host,
        port=options.port,
        log=options.log,
        key_file=options.key_file,
        key_id=options.key_id,
        part_size=options.part_size,
        part_lifetime=options.part_lifetime,
        link_lifetime=options.link_lifetime,
        symbols_padding=options.symbols_padding,
        processing=Processing(options.processing, options.outcome, detail_lag=options.detail_lag),
        review=Review(options.review, options.review_outcome),
        store=Store(
            review=options.app_review,
            verdict=options.verdict,
            media=options.media,
            media_outcome=options.media_outcome,
            release=options.release,
            cancel=options.cancel,
            lag=options.store_lag,
        ),
        webhooks=Webhooks(
            to=options.webhooks_to, attempts=options.webhook_attempts, retry=options.webhook_retry
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="entrypoint.py sandbox",
        description="A local App Store Connect. Point a client at it with ASC_API_URL. "
        "`sandbox make-ipa` and `make-pkg` make files to upload.",
        epilog=_FAULTS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_server_options(parser.add_argument_group("server"))
    _add_world_options(parser.add_argument_group("world"))
    _add_apple_options(parser.add_argument_group("uploads and TestFlight"))
    _add_store_options(parser.add_argument_group("App Store"))
    _add_webhook_options(parser.add_argument_group("webhooks"))
    _add_trouble_options(parser.add_argument_group("trouble"))
    return parser


def _port(text: str) -> int:
    port = int(text)
    # Checked here, because the operating system's error would not name the option.
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return port


def _add_server_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=0, help="port to listen on (a free one, which is printed)")
    add("--log", type=Path, metavar="FILE", help="write a JSON line per request")
    add("--stop-after", type=float, metavar="SECONDS", help="stop after this time, for unattended use")


def _add_world_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--seed",
        type=Path,
        metavar="FILE",
        help=f"YAML: the apps, builds and keys to start with ({DEMO.name})",
    )
    add("--key-file", type=Path, metavar="FILE", help="write an API key JSON; an existing one is used")
    add("--key-id", metavar="ID", help="the key of the seed to write (the first)")
    add(
        "--ca-file",
        type=Path,
        metavar="FILE",
        help="write the certificates of its authority: PEM, the root last",
    )
    add(
        "--contract",
        type=Path,
        metavar="FILE",
        help="check requests and answers against Apple's document, from `make contract`",
    )


def _add_apple_options(group: argparse._ArgumentGroup) -> None:
    add, processing, review = group.add_argument, DEFAULT_PROCESSING, DEFAULT_REVIEW
    add(
        "--processing",
        type=float,
        default=processing.seconds,
        metavar="SECONDS",
        help="how long it takes to process an upload (%(default)s)",
    )
    add(
        "--detail-lag",
        type=float,
        default=processing.detail_lag,
        metavar="SECONDS",
        help="how long the beta detail says PROCESSING after that (%(default)s)",
    )
    add(
        "--outcome",
        choices=OUTCOMES,
        default=processing.outcome,
        help="how the processing of an upload ends (%(default)s)",
    )
    add(
        "--review",
        type=float,
        default=review.seconds,
        metavar="SECONDS",
        help="how long beta review takes (%(default)s)",
    )
    add(
        "--review-outcome",
        choices=REVIEW_OUTCOMES,
        default=review.outcome,
        help="the verdict of beta review (%(default)s)",
    )
    add(
        "--part-size",
        type=int,
        default=DEFAULT_PART_SIZE,
        metavar="BYTES",
        help="the size of the parts of a file (%(default)s)",
    )
    add(
        "--part-lifetime",
        type=float,
        default=DEFAULT_LIFETIME,
        metavar="SECONDS",
        help="how long the address of a part is valid (%(default)s)",
    )
    add(
        "--link-lifetime",
        type=float,
        default=DEFAULT_LINK_LIFETIME,
        metavar="SECONDS",
        help="how long a link to symbols is valid (%(default)s)",
    )
    add(
        "--symbols-padding",
        type=int,
        default=0,
        metavar="BYTES",
        help="bytes to add to each archive of symbols (%(default)s)",
    )


def _add_store_options(group: argparse._ArgumentGroup) -> None:
    usual = DEFAULT_STORE
    seconds = {
        "app-review": (usual.review, "how long the review of a version takes"),
        "media": (usual.media, "how long a picture or a video is processed"),
        "release": (usual.release, "how long it takes until a released version is live"),
        "cancel": (usual.cancel, "how long it takes to withdraw a submission"),
        "store-lag": (usual.lag, "how much later Apple's automatic changes can be seen"),
    }
    for name, (default, meaning) in seconds.items():
        group.add_argument(
            f"--{name}", type=float, default=default, metavar="SECONDS", help=f"{meaning} (%(default)s)"
        )
    group.add_argument(
        "--verdict",
        choices=VERDICTS,
        default=usual.verdict,
        help="how the review of a version ends (%(default)s)",
    )
    group.add_argument(
        "--media-outcome",
        choices=MEDIA_OUTCOMES,
        default=usual.media_outcome,
        help="how the processing of faultless pictures and videos ends (%(default)s)",
    )


def _add_webhook_options(group: argparse._ArgumentGroup) -> None:
    usual = DEFAULT_WEBHOOKS
    add = group.add_argument
    add(
        "--webhooks-to",
        default=usual.to,
        metavar="URL",
        help="send all events here, as to a relay on this machine, and not to the addresses of the webhooks",
    )
    add(
        "--webhook-attempts",
        type=int,
        default=usual.attempts,
        metavar="N",
        help="attempts until a delivery has failed (%(default)s)",
    )
    add(
        "--webhook-retry",
        type=float,
        default=usual.retry,
        metavar="SECONDS",
        help="how long it takes until the next attempt (%(default)s)",
    )


def _add_trouble_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--fault", action="append", default=[], metavar="SPEC", help="see below; repeatable")
    add("--latency", type=float, default=0, metavar="MS", help="milliseconds to add to every request")
    add(
        "--rate-limit",
        type=int,
        default=APPLES_RATE_LIMIT,
        metavar="N",
        help="requests per key and hour (%(default)s)",
    )
    add(
        "--rate-spent",
        type=int,
        default=0,
        metavar="N",
        help="how many of them each key sent in the hour before (%(default)s)",
    )
    add(
        "--clock-speed",
        type=float,
        default=1,
        metavar="N",
        help="let time pass N times as fast: at 60 an hour takes a minute (%(default)s)",
    )
    add("--clock-offset", type=float, default=0, metavar="SECONDS", help="run the clock ahead or behind")
