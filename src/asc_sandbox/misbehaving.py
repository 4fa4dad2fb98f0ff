"""Play the effects of faults. `faults.EFFECTS` describes each one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from asc_sandbox.errors import of_status
from asc_sandbox.exchange import Exchange, Reply
from asc_sandbox.faults import Fault


class ServeRequest(Protocol):
    """A function that serves the request as if there were no fault."""

    def __call__(self, *, keeps: bool = True) -> Awaitable[Reply]:
        """Serve the request, and undo its changes unless `keeps`."""


async def misbehave(fault: Fault, exchange: Exchange, serve: ServeRequest) -> None:
    """Let one request go wrong in the way that the fault describes."""
    await asyncio.sleep(fault.delay)
    match fault.effect:
        case "reset":
            exchange.reset()
        case "cut":
            await exchange.take(fault.size)
            exchange.reset()
        case "hang":
            # Cancelled when the client goes or the sandbox stops.
            await asyncio.Event().wait()
        case "lost":
            await serve()
            exchange.close()
        case "ignored":
            await exchange.send(await serve(keeps=False))
        case "mute":
            await serve()
            await asyncio.Event().wait()
        case "slow":
            await exchange.send_slowly(await serve(), fault.seconds)
        case "truncate":
            await exchange.send_half(await serve())
        case "short":
            await exchange.send(_with_body(await serve(), lambda body: body[: len(body) // 2]))
        case "damage":
            await exchange.send(_with_body(await serve(), _damaged))
        case "delay":
            await exchange.send(await serve())
        case _:
            await exchange.send(_wrong_reply(fault))


def _with_body(reply: Reply, change: Callable[[bytes], bytes]) -> Reply:
    return replace(reply, body=change(bytes(reply.body)))


def _damaged(body: bytes) -> bytes:
    middle = len(body) // 2
    # A slice and not an index: an empty body has no byte to change.
    return body[:middle] + bytes(byte ^ 0xFF for byte in body[middle : middle + 1]) + body[middle + 1 :]


def _wrong_reply(fault: Fault) -> Reply:
    status = fault.status or 200
    reply = {
        "status": Reply.refusing(of_status(status, fault.code, fault.detail)),
        "html": Reply(status, b"<html><body>Be right back.</body></html>", "text/html"),
        "garbage-json": Reply(status, b'{"data": [{"type": "apps", "id": '),
        "empty": Reply(status),
    }[fault.effect]
    return replace(reply, headers={"Retry-After": fault.retry_after} if fault.retry_after else {})
