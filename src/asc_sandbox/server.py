"""The sandbox as an object: it runs in the background, answers over HTTP, and reports the requests it got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from asc_sandbox import seed as seeds
from asc_sandbox.agenda import Agenda
from asc_sandbox.authority.issuing import Authority
from asc_sandbox.authority.kinds import DEFAULT_LIMITS, Limits
from asc_sandbox.clock import Clock
from asc_sandbox.context import Context
from asc_sandbox.endpoints import Router
from asc_sandbox.faults import FaultPlan
from asc_sandbox.judge import Judge, Violation
from asc_sandbox.keys import hand_out
from asc_sandbox.pages.routes import Pages
from asc_sandbox.plans import (
    DEFAULT_PROCESSING,
    DEFAULT_REVIEW,
    DEFAULT_STORE,
    DEFAULT_WEBHOOKS,
    Processing,
    Review,
    Store,
    Verdict,
    Webhooks,
)
from asc_sandbox.ratelimit import RateLimit, evenly
from asc_sandbox.requestlog import Entry, RequestLog
from asc_sandbox.resources import ENDPOINTS, SCHEMA
from asc_sandbox.rules.reviewers import decide, waiting
from asc_sandbox.serverthread import ServerThread
from asc_sandbox.service import Connections, Service
from asc_sandbox.symbols.library import DEFAULT_LINK_LIFETIME, Library
from asc_sandbox.updating import Updater
from asc_sandbox.uploading.depot import DEFAULT_LIFETIME, DEFAULT_PART_SIZE, Delivered, Depot
from asc_sandbox.webhooks.sending import EventSender
from asc_sandbox.world import World

if TYPE_CHECKING:
    from asc_sandbox.contract import Contract

APPLES_RATE_LIMIT = 3500
"""Requests per rolling hour, from the example in Apple's documentation of rate limits."""


class Sandbox:
    """A local App Store Connect. Use it as a context manager, or call start and stop.

    `seed` is a mapping, a YAML file, or None for the demo. `faults` are texts as in the module faults. `latency` is
    in seconds per request, `clock_offset` in seconds; time passes `clock_speed` times as fast. Each key may send
    `rate_limit` requests an hour, and has sent `rate_spent` of them in the hour before the start. `key_file`
    receives an API key (`key_id`, else the first) for clients. Port 0 means any free port. With a `contract`
    requests and answers are checked, see `violations`.

    Files are received in parts of `part_size` bytes, whose addresses last `part_lifetime` seconds. Links to symbols
    last `link_lifetime` seconds; `symbols_padding` bytes make their archives larger. `processing`, `review` (of
    beta versions) and `store` set how long Apple takes and how it ends; `webhooks` sets how events are delivered,
    `limits` how many certificates and devices there may be.

    Raises SeedError, FaultError, KeyFileError, ValueError or OSError if it cannot be made.
    """

    def __init__(
        self,
        seed: Mapping[str, Any] | Path | str | None = None,
        *,
        contract: Contract | None = None,
        faults: Iterable[str] = (),
        latency: float = 0.0,
        clock_offset: float = 0.0,
        clock_speed: float = 1.0,
        rate_limit: int = APPLES_RATE_LIMIT,
        rate_spent: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
        key_file: Path | None = None,
        key_id: str | None = None,
        part_size: int = DEFAULT_PART_SIZE,
        part_lifetime: float = DEFAULT_LIFETIME,
        link_lifetime: float = DEFAULT_LINK_LIFETIME,
        symbols_padding: int = 0,
        processing: Processing = DEFAULT_PROCESSING,
        review: Review = DEFAULT_REVIEW,
        limits: Limits = DEFAULT_LIMITS,
        store: Store = DEFAULT_STORE,
        webhooks: Webhooks = DEFAULT_WEBHOOKS,
    ) -> None:
        start = seeds.load(seed, SCHEMA)
        self.clock = clock = Clock(clock_offset, clock_speed)
        self._context = Context(
            clock=clock,
            agenda=Agenda(clock),
            depot=Depot(clock, part_size=part_size, lifetime=part_lifetime),
            symbols=Library(clock, lifetime=link_lifetime, padding=symbols_padding),
            processing=processing,
            review=review,
            exceptions={app: replace(processing, **members) for app, members in start.processing.items()},
            authority=Authority(limits=limits),
            store=store,
            webhooks=webhooks,
        )
        self._world = start.world
        self._updater = Updater(start.world, self._context)
        self._keys = start.keys if key_file is None else hand_out(key_file, start.keys, key_id)
        self._faults = FaultPlan(faults)
        self._judge = Judge(contract)
        self._log = RequestLog(log)
        budget = RateLimit(rate_limit, evenly(rate_spent, clock.now()))
        service = self._make_service(budget, latency, key_file)
        self._thread = ServerThread(
            service, EventSender(start.world, self._context, self._updater), host, port
        )

    def _make_service(self, budget: RateLimit, latency: float, key_file: Path | None) -> Service:
        return Service(
            world=self._world,
            context=self._context,
            updater=self._updater,
            keys=self._keys,
            router=Router(ENDPOINTS),
            faults=self._faults,
            rate_limit=budget,
            judge=self._judge,
            log=self._log,
            latency=latency,
            connections=Connections(),
            pages=Pages(
                world=self._world,
                context=self._context,
                updater=self._updater,
                keys=self._keys,
                budget=budget,
                log=self._log,
                faults=self._faults,
                # Suggestions in the form for faults, with `*` in the place of ids.
                paths=tuple(sorted({endpoint.path.replace("{id}", "*") for endpoint in ENDPOINTS})),
                key_file=key_file,
            ),
        )

    @property
    def url(self) -> str:
        """Return the address of the sandbox, the value for ASC_API_URL."""
        return f"http://{self._thread.host}:{self._thread.port}"

    @property
    def authority(self) -> Authority:
        """Return the authority, which issues certificates with any dates for tests."""
        return self._context.authority

    @property
    def world(self) -> World:
        """Return the records, brought up to date; tests may change them while the sandbox runs."""
        self._updater.catch_up()
        return self._world

    @property
    def delivered(self) -> tuple[Delivered, ...]:
        """Return the files that clients have committed, in the order of their records."""
        files = []
        for file in self.world.all("buildUploadFiles"):
            delivery = self._context.depot.of_file(file.id)
            if delivery and delivery.committed:
                (upload,) = self._world.related(file, "buildUpload")
                name = str(file.attributes["fileName"])
                files.append(Delivered(file.id, upload.id, name, delivery.path))
        return tuple(files)

    def uploaded(self, record_id: str) -> Delivered:
        """Return the committed file with this id, or the app of the upload with this id. Raises KeyError."""
        for delivered in self.delivered:
            if record_id in (delivered.file_id, delivered.upload_id):
                return delivered
        raise KeyError(record_id)

    @property
    def requests(self) -> tuple[Entry, ...]:
        """Return the requests that have ended, in that order."""
        return tuple(self._log.entries)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Return every request and answer that broke Apple's document."""
        return tuple(self._judge.violations)

    def add_fault(self, spec: str) -> None:
        """Add one more fault to the plan. Raises FaultError."""
        self._faults.add(spec)

    def skip(self, seconds: float) -> None:
        """Let this many seconds of the sandbox's time pass at once. Older tokens have expired afterwards."""
        self.clock.skip(seconds)

    def decide(self, verdict: Verdict, bundle_id: str | None = None) -> int:
        """Let reviewers decide on the waiting submissions of one app, or of all; return how many there were."""
        with self._world.lock:
            self._updater.catch_up()
            # A list first: a decision changes the submissions that wait.
            undecided = [
                submission
                for app in self._world.all("apps")
                if bundle_id in (None, app.attributes["bundleId"])
                for submission in waiting(self._world, app)
            ]
            return sum(decide(self._world, self._context, submission, verdict) for submission in undecided)

    def end_faults(self) -> None:
        """Remove all faults: every request is served as usual again."""
        self._faults.clear()

    @property
    def faults_hit(self) -> int:
        """Return the number of requests that a fault has hit so far."""
        return self._faults.hits

    def api_key(self, key_id: str | None = None) -> dict[str, Any]:
        """Return fastlane's API key JSON of a key of the seed, by default of the first.

        Raises KeyError for an unknown id, KeyFileError if the seed has only the public half.
        """
        return self._keys[key_id or next(iter(self._keys))].as_fastlane_json()

    def start(self) -> Self:
        """Listen. Raises OSError if the port is in use."""
        self._thread.start()
        self._thread.wait_until_listening()
        return self

    def stop(self) -> None:
        """Stop listening and drop open requests. Takes well under a second."""
        # First the server: no request may find its files deleted.
        self._thread.stop()
        self._context.depot.close()
        self._context.symbols.close()
        self._context.gallery.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
