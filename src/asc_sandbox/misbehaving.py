"""Plays the effects of faults. `faults.EFFECTS` says what each one does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from asc_sandbox.errors import of_status
from asc_sandbox.exchange import Exchange, Reply
from asc_sandbox.faults import Fault

PlayRequest = Callable[[], Awaitable[Reply]]
"""Plays the request as if there were no fault."""


async def misbehave(fault: Fault, exchange: Exchange, play: PlayRequest) -> None:
    """Let one request go wrong."""
    await asyncio.sleep(fault.delay)
    match fault.effect:
        case "reset":
            exchange.reset()
        case "cut":
            await exchange.take(fault.size)
            exchange.reset()
        case "hang":
            await asyncio.Event().wait()  # cancelled when the client goes or the sandbox stops
        case "lost":
            await play()
            exchange.close()
        case "mute":
            await play()
            await asyncio.Event().wait()
        case "slow":
            await exchange.send_slowly(await play(), fault.seconds)
        case "truncate":
            await exchange.send_half(await play())
        case "short":
            await exchange.send(_with_body(await play(), lambda body: body[: len(body) // 2]))
        case "damage":
            await exchange.send(_with_body(await play(), _damaged))
        case "delay":
            await exchange.send(await play())
        case _:
            await exchange.send(_wrong_reply(fault))


def _with_body(reply: Reply, change: Callable[[bytes], bytes]) -> Reply:
    return replace(reply, body=change(bytes(reply.body)))


def _damaged(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes(each ^ 0xFF for each in body[middle : middle + 1]) + body[middle + 1 :]


def _wrong_reply(fault: Fault) -> Reply:
    status = fault.status or 200
    reply = {
        "status": Reply.refusing(of_status(status, fault.code)),
        "html": Reply(status, b"<html><body>Be right back.</body></html>", "text/html"),
        "garbage-json": Reply(status, b'{"data": [{"type": "apps", "id": '),
        "empty": Reply(status),
    }[fault.effect]
    return replace(reply, headers={"Retry-After": fault.retry_after} if fault.retry_after else {})
