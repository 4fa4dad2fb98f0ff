"""Run a local App Store Connect until it is interrupted: `entrypoint.py sandbox`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Sequence

from asc_sandbox import faults
from asc_sandbox.keys import KeyFileError
from asc_sandbox.options import make_parser
from asc_sandbox.plans import Processing, Review, Store, Webhooks
from asc_sandbox.seed import SeedError
from asc_sandbox.server import Sandbox


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM, SIGINT or --stop-after. Return 0, or 2 if the options are wrong."""
    if argv and argv[0] in ("make-ipa", "make-pkg"):
        # Imported here: it brings the code that signs, and a server starts faster without it.
        from asc_sandbox.samples import cli as samples

        return samples.main(argv)
    options = make_parser().parse_args(argv)
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
