"""The feedback of testers: crash logs, and screenshots behind links that end.

https://developer.apple.com/documentation/appstoreconnectapi/betafeedbackcrashsubmission
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from asc.api.client import Client, Query
from asc.api.document import Document, Resource
from asc.api.errors import ApiError
from asc.api.object_store import Expired, Link, MemorySink, ObjectStore, RefusedLink
from asc.errors import Error, UnreachableError, writing_remedy
from asc.formats.images import CHECK_THE_PROXY, ENDING, NOT_MEDIA, is_media
from asc.private_files import half_written, write_private
from asc.words import printable_name

log = logging.getLogger(__name__)

Kind = Literal["crash", "screenshot"]
PATHS: dict[Kind, str] = {
    "crash": "betaFeedbackCrashSubmissions",
    "screenshot": "betaFeedbackScreenshotSubmissions",
}
AT_ONCE = 8
"""Submissions whose files are fetched side by side."""
LARGEST_PICTURE = 64 * 1024 * 1024
LONGEST_ID = 200
"""Characters of an id in the name of a file. A hash stands for a longer one."""
TRIES = 2
"""Downloads of a picture that arrives as something else."""
_PERSONAL = ("email",)
"""Attributes that identify a person."""
# Apple's links expire, and anybody who has one can open it: an index in an artifact must not hold them.
_LEFT_OUT = ("screenshots",)


@dataclass(frozen=True)
class Feedback:
    """One submission. `attributes` by Apple's names; `build_number` is "" if Apple does not say it."""

    id: str
    kind: Kind
    created: datetime | None
    attributes: Mapping[str, Any]
    build_number: str = ""
    tester_id: str = ""

    @property
    def pictures(self) -> list[Mapping[str, Any]]:
        """Return the screenshots as Apple describes them, with `url`, `width`, `height` and `expirationDate`."""
        screenshots = self.attributes.get("screenshots")
        return (
            [picture for picture in screenshots if isinstance(picture, Mapping)]
            if isinstance(screenshots, list)
            else []
        )

    def entry(self, saved: SavedFiles, *, with_emails: bool) -> dict[str, Any]:
        """Return the submission for the index: what the tester wrote, the device, and the names of its files.

        If not all files came, `error` has the reason.
        """
        hidden = _LEFT_OUT if with_emails else (*_LEFT_OUT, *_PERSONAL)
        shown = {
            name: value for name, value in self.attributes.items() if name not in hidden and value is not None
        }
        head = {"id": self.id, "kind": self.kind, "build": self.build_number}
        tail = {"error": saved.error.message} if saved.error else {}
        return {**head, **shown, "files": list(saved.files), **tail}


@dataclass(frozen=True)
class SavedFiles:
    """The files of a submission that are in the folder, and the error if some are missing."""

    files: tuple[str, ...] = ()
    error: Error | None = None


def read_feedback(client: Client, app_id: str, kind: Kind, since: datetime | None) -> list[Feedback]:
    """Return the submissions of one kind that were made after `since`, the oldest first."""
    path = f"/v1/apps/{app_id}/{PATHS[kind]}"
    query: Query = {"sort": "-createdDate", "include": "build", "fields[builds]": "version"}
    feedback: list[Feedback] = []
    # The newest come first, so that reading ends at the first page that is old: an app may have years of feedback.
    for page in client.pages(path, query):
        fresh = [
            item
            for item in _read(page, kind)
            if since is None or item.created is None or item.created > since
        ]
        feedback += fresh
        # An undated submission counts as fresh: feedback that comes twice is better than feedback that is lost.
        if len(fresh) < len(page.data):
            break
    return feedback[::-1]


def save_all(
    client: Client, storage: ObjectStore, folder: Path, feedback: Sequence[Feedback]
) -> dict[str, SavedFiles]:
    """Fetch the files of the submissions into a folder. Return the files by the id of the submission.

    A file that is there already is not fetched again. A failure stops no other submission, but once App Store Connect
    cannot be reached, nothing more is tried.
    """
    unreachable = threading.Event()

    def save(item: Feedback) -> SavedFiles:
        names = _file_names(item)
        try:
            if unreachable.is_set():
                raise UnreachableError("Not tried, because another request failed.", "Run the step again.")
            if item.kind == "crash":
                _save_crash(client, folder, item, *names)
            else:
                _save_pictures(client, storage, folder, item, names)
        except Error as error:
            # A store that refuses one link may be fine for the others.
            if isinstance(error, UnreachableError) and not isinstance(error, RefusedLink):
                unreachable.set()
            return SavedFiles(_existing(folder, names), error)
        return SavedFiles(_existing(folder, names))

    # A run that was killed may have left half a file, which would go into an artifact.
    for path in half_written(folder / name for item in feedback for name in _file_names(item)):
        path.unlink(missing_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([item.id for item in feedback], pool.map(save, feedback), strict=True))


def write_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read. Raises Error with the reason, as of a full disk."""
    try:
        write_private(path, content)
    except OSError as error:
        remedy = writing_remedy(error, "Name an empty folder that the step can write to.")
        raise Error(f"directory: {path}: {error.strerror}.", remedy) from None


def _read(page: Document, kind: Kind) -> Iterator[Feedback]:
    for resource in page.data:
        build = page.one(resource, "build")
        testers = resource.related("tester")
        yield Feedback(
            id=resource.id,
            kind=kind,
            created=resource.time("createdDate"),
            attributes=resource.attributes,
            build_number=build.text("version") if build else "",
            tester_id=testers[0][1] if testers else "",
        )


def _save_crash(client: Client, folder: Path, item: Feedback, name: str) -> None:
    if (folder / name).exists():
        return
    try:
        # App Store Connect answers 404 at random for other records of TestFlight.
        document = client.get(f"/v1/{PATHS['crash']}/{item.id}/crashLog", retry_404=True)
        log_text = document.resource.text("logText")
    except ApiError as error:
        if error.status != 404:
            raise
        log.warning("The crash %s has no log.", printable_name(item.id))
        return
    # JSON can hold half of a surrogate pair, which UTF-8 cannot.
    write_file(folder / name, log_text.encode("utf-8", "replace"))


def _save_pictures(
    client: Client, storage: ObjectStore, folder: Path, item: Feedback, names: Sequence[str]
) -> None:
    if len(_existing(folder, names)) == len(names):
        return
    # A link may expire while the files before it are fetched. New links that are over as well mean a wrong clock.
    for renewed in (False, True):
        current = _again(client, item) if renewed else item
        try:
            for name, picture in zip(names, current.pictures, strict=False):
                if not (folder / name).exists():
                    write_file(folder / name, _fetch(storage, name, picture))
            # The new answer may list fewer pictures than the one that the names are from.
            if len(current.pictures) < len(names):
                raise Error(
                    f"App Store Connect no longer lists all screenshots of {printable_name(item.id)}.",
                    "Run the step again. If the error stays, look at it in App Store Connect (TestFlight, Feedback).",
                )
            return
        except Expired:
            log.info("The links of %s have expired; asking for new ones", printable_name(item.id))
    raise Error(
        f"The links to the screenshots of {printable_name(item.id)} had expired as soon as they came.",
        "Check the clock of this machine, then run the step again.",
    )


def _file_names(item: Feedback) -> list[str]:
    date = f"{item.created:%Y-%m-%d}-" if item.created else ""
    # Most file systems take no name of more than 255 bytes.
    name = item.id if len(item.id) <= LONGEST_ID else hashlib.sha256(item.id.encode()).hexdigest()
    if item.kind == "crash":
        return [f"{date}{name}.crash"]
    return [
        f"{date}{name}-{position}.{_extension(picture)}" for position, picture in enumerate(item.pictures, 1)
    ]


def _existing(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if (folder / name).exists())


def _again(client: Client, item: Feedback) -> Feedback:
    resource: Resource = client.get(f"/v1/{PATHS['screenshot']}/{item.id}").resource
    return Feedback(item.id, item.kind, item.created, resource.attributes)


def _fetch(storage: ObjectStore, name: str, picture: Mapping[str, Any]) -> bytes:
    expires = Resource("", "", picture).time("expirationDate")
    link = Link(name, "GET", str(picture.get("url") or ""), {}, expires)
    too_large = Error(
        f"{name} has more than {LARGEST_PICTURE} bytes, which no screenshot has.",
        "Look at it in App Store Connect (TestFlight, Feedback).",
    )
    # A proxy or a cut-off answer may deliver something else, which must not be kept under the name of a picture.
    for _ in range(TRIES):
        sink = MemorySink(LARGEST_PICTURE, too_large)
        storage.fetch(link, sink)
        content = bytes(sink.content)
        if is_media(content[:16], content[-ENDING:]):
            return content
    raise UnreachableError(NOT_MEDIA.format(name), CHECK_THE_PROXY)


def _extension(picture: Mapping[str, Any]) -> str:
    path = str(picture.get("url") or "").partition("?")[0]
    return "jpg" if path.lower().endswith((".jpg", ".jpeg")) else "png"
