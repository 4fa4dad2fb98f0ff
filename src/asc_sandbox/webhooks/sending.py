"""Send the deliveries of webhooks, signed as Apple signs them, and repeat them if the answer is not 2xx."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from asc_sandbox.context import Context
    from asc_sandbox.updating import Updater
    from asc_sandbox.world import World

SIGNATURE = "x-apple-signature"
_INTERVAL = 0.05
"""Seconds between two looks into the outbox."""
_LONGEST_ANSWER = 1000
"""Characters of an answer that are stored."""


def sign(secret: str, body: bytes) -> str:
    """Return the value of the header: HMAC-SHA256 of the raw body with the secret, in hexadecimal."""
    return f"hmacsha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class _Request:
    """A delivery on its way: the body, the address, and the secret for the signature."""

    delivery_id: str
    address: str
    secret: str
    body: bytes


class EventSender:
    """Send deliveries from the event loop of the server."""

    def __init__(self, world: World, context: Context, updater: Updater) -> None:
        self._world = world
        self._context = context
        self._updater = updater
        self._running: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        """Send every due delivery until the task is cancelled."""
        timeout = aiohttp.ClientTimeout(total=self._context.webhooks.timeout)
        # Redirects are not followed: Apple would have to sign for another address.
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                # With a webhook, planned changes happen in time even if no request comes in.
                if self._world.all("webhooks"):
                    self._updater.catch_up()
                while self._context.outbox:
                    task = asyncio.create_task(self._deliver(session, self._context.outbox.popleft()))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                await asyncio.sleep(_INTERVAL)

    async def _deliver(self, session: aiohttp.ClientSession, delivery_id: str) -> None:
        request = self._request(delivery_id)
        if request is None:
            return
        headers = {SIGNATURE: sign(request.secret, request.body), "Content-Type": "application/json"}
        status, text = 0, ""
        try:
            async with session.post(
                request.address, data=request.body, headers=headers, allow_redirects=False
            ) as answer:
                status, text = answer.status, (await answer.text(errors="replace"))[:_LONGEST_ANSWER]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            text = f"{type(error).__name__}: {error}"[:_LONGEST_ANSWER]
        with self._world.lock:
            self._note(delivery_id, status, text)

    def _request(self, delivery_id: str) -> _Request | None:
        """Return what to send, None if the webhook is gone."""
        with self._world.lock:
            delivery = self._world.find("webhookDeliveries", delivery_id)
            hooks = self._world.related(delivery, "webhook") if delivery else []
            if not delivery or not hooks:
                return None
            (event,) = self._world.related(delivery, "event")
            address = self._context.webhooks.to or str(hooks[0].attributes["url"])
            secret = str(hooks[0].attributes.get("secret") or "")
            return _Request(delivery_id, address, secret, str(event.attributes["payload"]).encode())

    def _note(self, delivery_id: str, status: int, text: str) -> None:
        """Store the result of an attempt, and plan the next one."""
        delivery = self._world.find("webhookDeliveries", delivery_id)
        if delivery is None:
            return
        attempts = int(delivery.attributes.get("attempts") or 0) + 1
        plan = self._context.webhooks
        # How often and how soon Apple tries again is not documented. Here a delivery is PENDING until it gives up.
        state = "SUCCEEDED" if 200 <= status < 300 else "FAILED" if attempts >= plan.attempts else "PENDING"
        self._world.change(
            delivery,
            deliveryState=state,
            sentDate=self._context.now(),
            attempts=attempts,
            errorMessage=None if state == "SUCCEEDED" else self._reason(status, text),
            response={"httpStatusCode": status, "body": text} if status else None,
        )
        if state == "PENDING":
            self._context.agenda.after(plan.retry, lambda: self._context.outbox.append(delivery_id))

    def _reason(self, status: int, text: str) -> str:
        return (
            f"The endpoint answered with HTTP {status}" if status else f"The endpoint did not answer: {text}"
        )
