"""Serve a request: log, latency, faults, token, rate limit, contract, endpoint, in this order.

Requests of a browser skip all of these: the modules in `pages` answer them first.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from asc_sandbox import auth, errors, roles
from asc_sandbox.context import Context
from asc_sandbox.endpoints import Answer, Call, Router
from asc_sandbox.errors import Refusal, internal_error, invalid_body
from asc_sandbox.exchange import Exchange, Reply
from asc_sandbox.faults import FaultPlan
from asc_sandbox.judge import Judge
from asc_sandbox.keys import Key
from asc_sandbox.misbehaving import misbehave
from asc_sandbox.pages.routes import Pages
from asc_sandbox.pictures import gallery
from asc_sandbox.pictures.serving import show
from asc_sandbox.ratelimit import RateLimit
from asc_sandbox.requestlog import RequestLog
from asc_sandbox.symbols import library
from asc_sandbox.symbols.serving import hand_out
from asc_sandbox.updating import Updater
from asc_sandbox.uploading.depot import FOLDER
from asc_sandbox.uploading.parts import receive
from asc_sandbox.world import World


@dataclass(frozen=True)
class Service:
    """Answer requests from a world. `latency` is in seconds and added to every request."""

    world: World
    context: Context
    updater: Updater
    keys: Mapping[str, Key]
    router: Router
    faults: FaultPlan
    rate_limit: RateLimit
    judge: Judge
    log: RequestLog
    latency: float
    connections: Connections
    pages: Pages

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or let it go wrong as planned."""
        if self.pages.takes(request.path):
            return await self.pages.answer(request)
        exchange = Exchange(
            request, self.connections.number(request), self.log, lambda: self._headers(request)
        )
        try:
            await asyncio.sleep(self.latency)
            # Before the token is checked: a broken network or server does not look at tokens first.
            fault = self.faults.pick(request.method, request.path)
            if fault is None:
                await exchange.send(await self._reply(request))
            else:
                await misbehave(fault, exchange, partial(self._reply, request))
        except ConnectionError:
            # The client closed the connection first; nobody is left to answer.
            pass
        finally:
            exchange.finish(None)
        return exchange.response

    def _headers(self, request: web.BaseRequest) -> dict[str, str]:
        """Return the headers of every answer, faults included."""
        # Only requests to the API itself count against the rate limit.
        if request.path.startswith((FOLDER, library.FOLDER, gallery.FOLDER)):
            return {"Date": self.context.clock.http_date()}
        key_id = auth.claimed_key_id(request.headers.get("Authorization"))
        return {
            "Date": self.context.clock.http_date(),
            "X-Rate-Limit": self.rate_limit.header(key_id, self.context.clock.now()),
        }

    async def _reply(self, request: web.BaseRequest, *, keeps: bool = True) -> Reply:
        """Return the true answer to a request, from the token to the endpoint. Unless `keeps`, it changes nothing."""
        # Parts of files, archives of symbols and pictures have signed or public addresses that Apple's document does
        # not know: neither token nor contract applies to them.
        if request.path.startswith(FOLDER):
            return await receive(self.context.depot, request)
        if request.path.startswith(library.FOLDER):
            return await hand_out(self.context.symbols, request)
        if request.path.startswith(gallery.FOLDER):
            return await show(self.context.gallery, request, self.context.clock.now())
        content = await request.read()
        body = None
        try:
            body = _decoded(content)
            key = auth.authenticate(request.headers.get("Authorization"), self.keys, self.context.clock.now())
            # After the token is checked: only requests of a known key count.
            self.rate_limit.take(key.id, self.context.clock.now())
            reply = Reply.of(self._answer(request, key, body, keeps=keeps))
        except Refusal as refusal:
            reply = Reply.refusing(refusal)
        return self.judge.examine(request.method, request.raw_path, body, reply)

    def _answer(self, request: web.BaseRequest, key: Key, body: Any, *, keeps: bool) -> Answer:
        """Find the endpoint and let it answer."""
        endpoint, record_id = self.router.find(request.method, request.path)
        if key.issuer is None and endpoint.area in roles.CLOSED_TO_INDIVIDUAL_KEYS:
            raise errors.forbidden("of an individual key", endpoint.area)
        roles.require(key.role, endpoint.area, writes=endpoint.writes)
        # The address that the client used, so that links in the answer work for the client.
        base = f"http://{request.host}"
        query = tuple(request.query.items())
        call = Call(self.world, self.context, base, request.path, record_id, query, body, key)
        try:
            with self.world.lock:
                self.updater.catch_up()
                with nullcontext() if keeps else self._undone():
                    answer = endpoint.handle(call)
                self.updater.look()
                return answer
        except Refusal:
            raise
        except Exception:  # noqa: BLE001
            # A bug of the sandbox must look like one: the client gets a 500, the sandbox's terminal the traceback.
            traceback.print_exc()
            raise internal_error("the sandbox failed; its standard error says where") from None

    @contextmanager
    def _undone(self) -> Iterator[None]:
        with self.world.undone(), self.context.agenda.undone(), self.context.depot.undone():
            yield


class Connections:
    """Number TCP connections in the order of their first request, from 1."""

    def __init__(self) -> None:
        # Weak keys: a closed connection must not be kept for its number.
        self._numbers: WeakKeyDictionary[asyncio.Transport, int] = WeakKeyDictionary()
        self._next = itertools.count(1)

    def number(self, request: web.BaseRequest) -> int:
        """Return the number of the connection that a request came on, 0 if the client has gone already."""
        transport = request.transport
        if transport is None:
            return 0
        if transport not in self._numbers:
            self._numbers[transport] = next(self._next)
        return self._numbers[transport]


def _decoded(content: bytes) -> Any:
    """Return the JSON of a body, None for an empty one. Raises Refusal for anything else."""
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError) as error:
        raise invalid_body(str(error)) from None
