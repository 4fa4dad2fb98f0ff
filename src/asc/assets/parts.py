"""Send the parts of a file side by side. Each part is repeated alone, and its link is renewed if it has expired."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from asc.api.object_store import Expired, Link, ObjectStore
from asc.assets.model import AssetFile, Part
from asc.assets.source import Advance, PartBody, Source, Stopped, md5_in
from asc.errors import Error, UnreachableError

log = logging.getLogger(__name__)

RENEWALS = 3
"""How often the link of one part is renewed. Links last for hours: more than that is no accident."""


def check_parts(parts: Sequence[Part], size: int) -> None:
    """Raise UnreachableError unless the parts cover the file exactly once."""
    # Checked before the first byte, because Apple would miss the bytes of a gap only after the whole upload.
    end = 0
    for part in sorted(parts, key=lambda part: part.offset):
        if part.offset != end or part.length <= 0:
            break
        end += part.length
    if end != size or not parts:
        raise UnreachableError(
            f"App Store Connect asks for {len(parts)} parts that do not add up to the file of {size} bytes.",
            "Run the step again. If the error stays, delete the unfinished file in App Store Connect.",
        )


def missing(source: Source, file: AssetFile, parallel: int) -> list[Part]:
    """Return the parts that have not arrived, or that hold other bytes than the file has now."""
    return _without_those_there(source, file.parts, parallel)


def _without_those_there(source: Source, parts: Sequence[Part], parallel: int) -> list[Part]:
    with ThreadPoolExecutor(parallel) as pool:
        arrived = list(pool.map(lambda part: _is_there(source, part), parts))
    return [part for part, is_there in zip(parts, arrived, strict=True) if not is_there]


def _is_there(source: Source, part: Part) -> bool:
    # An entity tag that is not an MD5 proves nothing about the bytes: such a part is sent again.
    tag = md5_in(part.entity_tag)
    return tag is not None and source.md5(part.offset, part.length) == tag


def foreign(source: Source, file: AssetFile, parallel: int) -> list[Part]:
    """Return the parts that arrived with other bytes than this file has.

    Another job sent them from another file, or they were damaged on the way. If all parts differ, the tags may only
    look like an MD5.
    """
    tagged = [part for part in file.parts if md5_in(part.entity_tag)]
    return _without_those_there(source, tagged, parallel)


class LinksOver(UnreachableError):
    """The storage refuses all links, also renewed ones: the upload cannot be finished."""


class Sender:
    """Sends parts of `source` to the links of `file`. `renew` returns the file with valid links."""

    def __init__(
        self,
        renew: Callable[[], AssetFile],
        storage: ObjectStore,
        source: Source,
        file: AssetFile,
        advance: Advance,
    ) -> None:
        self._renew = renew
        self._storage = storage
        self._source = source
        self._advance = advance
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._file = file

    def send(self, parts: Sequence[Part], parallel: int) -> None:
        """Send `parts`, at most `parallel` at a time. Raise the error of the first that fails, after stopping the
        others.
        """
        with ThreadPoolExecutor(parallel) as pool:
            sent = [pool.submit(self._send, part) for part in parts]
            done, waiting = wait(sent, return_when=FIRST_EXCEPTION)
            # A part that fails for good makes the rest useless: cancel the parts that have not begun.
            failed = [future for future in done if future.exception()]
            if failed:
                self._stop.set()
                for future in waiting:
                    future.cancel()
        if failed:
            raise _worst(sent)

    def _send(self, part: Part) -> None:
        for _ in range(RENEWALS + 1):
            body = PartBody(self._source, part.offset, part.length, self._advance, self._stop)
            label = f"Part {part.number} of {len(self._file.parts)}"
            try:
                self._storage.send(Link(label, part.method, part.url, part.headers, part.expires), body)
                return
            except Expired:
                body.rewind()
                log.info("%s: its link has expired; asking for a new one", label)
                part = self._renewed(part)
        raise LinksOver(
            f"{label}: the store takes none of the links that App Store Connect gave, though they were renewed.",
            "Check the network: a proxy that changes requests would look like this. Then run the step again.",
        )

    def _renewed(self, part: Part) -> Part:
        """Return the part with a new link. One request renews the links of all parts."""
        with self._lock:
            # Another thread may have renewed all links while this one waited for the lock.
            if self._by_number(part).url == part.url:
                self._file = self._renew()
            now = self._by_number(part)
        # Bytes already sent would not fit a new division of the file.
        if (now.offset, now.length) != (part.offset, part.length):
            raise UnreachableError(
                "App Store Connect divided the file differently during the upload.", "Run the step again."
            )
        return now

    def _by_number(self, part: Part) -> Part:
        return next((candidate for candidate in self._file.parts if candidate.number == part.number), part)


def _worst(sent: Sequence[Future[None]]) -> BaseException:
    """Return the error that stopped the parts, not one of a part that was stopped because of it."""
    errors = [error for future in sent if not future.cancelled() and (error := future.exception())]
    # Stopped says only that some other part failed.
    real = [error for error in errors if not isinstance(error, Stopped)]
    return next((error for error in real if isinstance(error, Error)), real[0])
