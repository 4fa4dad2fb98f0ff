"""Keep files as secure files of a GitLab project, as match does: up to 100 files of 5 MB.

A secure file cannot be changed. To replace one, it is removed by its id, then created again. The journal holds the new
content meanwhile, so a job that is killed in between loses nothing.

The journal itself must never be away. A job that looks meanwhile would take the storage for one without a journal, and
write its own when the next journal is replaced, over a change that it has not seen. So the number at the end of a
journal's name grows: the next journal is created, then the one before is removed.

GitLab refuses a name that exists, so creating is conditional. It checks that without a lock: two jobs that create a
file at the same moment may both succeed. Each therefore reads the list afterwards, and the one with the higher id
removes its file again. The other one waits until it is alone. If it stays in company, it removes its own: GitLab gives
an id before the file can be listed, so the file with the higher id may have been alone before.

The limit, beyond that of asc.signing.storage.journaled: a writer that stands still while it carries out its change may
later create its old content of a file in the moment in which another writer has removed that file to replace it.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from asc.api import retry
from asc.api.session import Settings, ended_after, open_session
from asc.signing.storage import journal
from asc.signing.storage.buckets.address import BucketAddress, check_server, checked_root, team_folder
from asc.signing.storage.journal import Conflict, ListedObject, ObjectMissing
from asc.signing.storage.model import Options, StorageError, StorageUnreachable
from asc.words import printable_name

ATTEMPTS = 4
"""Attempts for one request."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for data."""
MOST_PAGES = 100
"""Pages of a list. A project holds at most 100 files, so a longer list comes from a faulty server."""
PROJECT = re.compile(r"\d+|[\w.-]+(/[\w.-]+)+")
_NUMBERED = re.compile(re.escape(journal.NAME) + r"\.([1-9][0-9]{0,9})")
JOB_TOKEN = "glcbt-"
"""The prefix of the tokens of CI jobs."""


def open_gitlab(location: str, options: Options) -> SecureFiles:
    """Open `gitlab://group/project` with `token`, PRIVATE_TOKEN or CI_JOB_TOKEN; `endpoint` names another server.

    Raises StorageError if the project, the server or the token is invalid.
    """
    project = location.partition("://")[2].strip("/")
    if not PROJECT.fullmatch(project):
        raise StorageError("storage", "it names no GitLab project.", "Write it as gitlab://GROUP/PROJECT.")
    folder = checked_root(team_folder(options))
    return SecureFiles(BucketAddress(project, folder, folder), options)


@dataclass(frozen=True)
class _File:
    """A secure file. `number` is the one at the end of a journal's name, 0 if there is none."""

    id: int
    name: str
    number: int

    @property
    def version(self) -> str:
        return f"{self.id}.{self.number}"


class SecureFiles:
    """The interface `Objects` on a GitLab project. The version of a file is its id and the number of a journal."""

    def __init__(self, place: BucketAddress, options: Options) -> None:
        server = check_server(options.endpoint or "https://gitlab.com")
        self._place = place
        self.shared = tuple(place.shared)
        self._clock = options.clock
        self._files = f"{server}/api/v4/projects/{quote(place.container, safe='')}/secure_files"
        self._session = open_session(Settings(url=server), connections=8)
        # Otherwise requests would read .netrc.
        self._session.auth = lambda request: request
        self._session.headers.update(_authorization(options))
        self.label = f"secure files of {server}/{place.container}" + (
            f" ({place.root})" if place.root else ""
        )

    def list_objects(self) -> Mapping[str, ListedObject]:
        """Return all files below the root, by their path from there."""
        return {file.name: ListedObject(file.version, 0) for file in self._listed()}

    def keys_outside(self) -> list[str]:
        """Return the whole names of files outside the root."""
        return [name for record in self._records() if self._place.is_outside(name := str(record["name"]))]

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Return the content of the file with this version, or of the one with this name if `version` is ""."""
        if not version:
            return self._newest(name)
        answer = self._call("GET", f"/{_id(version)}/download")
        if answer.status_code == 404:
            raise ObjectMissing
        self._check(answer, "read")
        return answer.content, version

    def _newest(self, name: str) -> tuple[bytes, str]:
        for _ in range(ATTEMPTS):
            found = self.list_objects().get(name)
            if found is None:
                break
            with contextlib.suppress(ObjectMissing):  # another job has replaced it since
                return self.get(name, found.version)
        raise ObjectMissing

    def create(self, name: str, data: bytes) -> str:
        """Create a file and return its version. Raises Conflict if the name exists."""
        return self._create(name, 1 if name == journal.NAME else 0, data)

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Remove the file with this version, then create the new one. Raises Conflict if the version is gone.

        A journal is created first. Those with a lower number are removed then, also what killed jobs left of them.
        """
        if name == journal.NAME:
            return self._create(name, int(version.partition(".")[2]) + 1, data, version)
        if not self._removed(version):
            raise Conflict
        return self._create(name, 0, data)

    def _create(self, name: str, number: int, data: bytes, last: str = "") -> str:
        """Create a file, or the journal after the one with the version `last`. Raises as `create`."""
        key = self._place.key(name) + (f".{number}" if number else "")
        answer = self._post(key, data)
        if last and answer.status_code == 400 and "Maximum number" in answer.text:
            # Otherwise a full project would take no change any more, not even one that removes files. Of the jobs that
            # come while the journal is away, one gets the last place, and the others end with GitLab's refusal.
            if not self._removed(last):
                raise Conflict
            answer = self._post(key, data)
        made = self._arrived(answer, name, number, data)
        if self._stays(made):
            return made.version
        self._call("DELETE", f"/{made.id}")
        raise Conflict

    def _post(self, key: str, data: bytes) -> requests.Response:
        answer = self._call("POST", "", data={"name": key}, files={"file": (_plain(key), data)})
        if answer.status_code == 400 and "already been taken" in answer.text:
            raise Conflict
        return answer

    def _arrived(self, answer: requests.Response, name: str, number: int, data: bytes) -> _File:
        self._check(answer, "written")
        with self._understood():
            record = answer.json()
            made, checksum = _File(int(record["id"]), name, number), record.get("checksum")
        if checksum != hashlib.sha256(data).hexdigest():
            self._call("DELETE", f"/{made.id}")
            raise StorageError("storage", f"{self.label}: a file arrived damaged.", "Run the step again.")
        return made

    def _stays(self, made: _File) -> bool:
        """Return True if a new file is the newest of its name and alone. Remove the journals before it then."""
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            files = [file for file in self._listed() if file.name == made.name]
            if files[-1:] != [made]:
                return False
            if all(file == made or file.number < made.number for file in files):
                # The new journal counts already. What is not removed now, the next one removes.
                with contextlib.suppress(StorageError):
                    for old in files[:-1]:
                        self._call("DELETE", f"/{old.id}")
                return True
        return False

    def delete(self, name: str, version: str) -> None:
        """Remove the file with this version. Raises Conflict if its name has another version now."""
        if not self._removed(version) and name in self.list_objects():
            raise Conflict

    def _removed(self, version: str) -> bool:
        """Remove the file with this version. Return False if others removed it before."""
        answer, attempt = self._sent("DELETE", f"/{_id(version)}")
        if answer.status_code == 404:
            # After a repetition the file is gone because of our own first request, whose answer was lost.
            return attempt > 1
        self._check(answer, "written")
        return True

    def _listed(self) -> list[_File]:
        """Return all files below the root. Of those with one name, the newest journal or the lowest id is last."""
        found = []
        for record in self._records():
            if name := self._place.name(str(record["name"])):
                numbered = _NUMBERED.fullmatch(name)
                base, number = (journal.NAME, int(numbered[1])) if numbered else (name, 0)
                found.append(_File(record["id"], base, number))
        return sorted(found, key=lambda file: (file.number, -file.id))

    def _records(self) -> list[dict[str, Any]]:
        pages = self._pages()
        # Pages are not of one moment: a file may move to one that was read already.
        while len(pages) > 1 and (again := self._pages()) != pages:
            pages = again
        return [record for page in pages for record in page]

    def _pages(self) -> list[list[dict[str, Any]]]:
        pages: list[list[dict[str, Any]]] = []
        page = "1"
        for _ in range(MOST_PAGES):
            answer = self._call("GET", "", params={"per_page": "100", "page": page})
            self._check(answer, "read")
            with self._understood():
                pages.append([{"id": int(file["id"]), "name": str(file["name"])} for file in answer.json()])
            page = answer.headers.get("X-Next-Page", "")
            if not page:
                return pages
        raise StorageError(
            "endpoint", f"{self.label}: the list of files does not end.", "Check the endpoint."
        )

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Turn any failure to parse an answer into a StorageError: the server may not be GitLab."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise StorageError(
                "endpoint", f"{self.label}: the server that answered is not GitLab.", "Check the endpoint."
            ) from None

    def _call(self, method: str, path: str, **details: Any) -> requests.Response:
        return self._sent(method, path, **details)[0]

    def _sent(self, method: str, path: str, **details: Any) -> tuple[requests.Response, int]:
        """Send a request until an answer comes; return it and the number of attempts.

        Raises StorageUnreachable, StorageError.
        """
        reason = ""
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            try:
                answer = self._session.request(
                    method,
                    self._files + path,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                    **details,
                )
                # The time limit above starts again with each byte: a body that trickles in would never end.
                with ended_after(answer, TIMEOUT[1]):
                    _ = answer.content
                # All may be repeated like a GET. If the first one was applied, a second DELETE is answered with 404,
                # and a second POST with “already been taken”, and callers expect that.
                if not retry.may_repeat("GET", answer.status_code):
                    return answer, attempt
                reason = f"it answered {answer.status_code}"
            except requests.exceptions.SSLError:
                raise StorageError(
                    "endpoint",
                    f"{self.label}: the server's certificate was not accepted.",
                    "Behind a proxy that opens https, name its authority's file with SSL_CERT_FILE.",
                ) from None
            except requests.exceptions.RequestException as error:
                reason = type(error).__name__
        raise StorageUnreachable(
            "storage",
            f"{self.label} could not be reached ({reason}).",
            "Check the network, then run the step again.",
        )

    def _check(self, answer: requests.Response, done: str) -> None:
        if answer.ok and not answer.is_redirect:
            return
        said = printable_name(answer.text, 200)
        message = f"{self.label} could not be {done}: it answered {answer.status_code} {said}"
        if answer.status_code in {401, 403, 404}:
            raise StorageError(
                "storage-token",
                message,
                "Give the token of a maintainer with the scope “api”, and check the project.",
            )
        if answer.status_code >= 500:
            raise StorageUnreachable("storage", message, "Run the step again later.")
        remedy = "Check the limits of the project: up to 100 secure files of up to 5 MB each."
        raise StorageError("storage", message, remedy)


def _authorization(options: Options) -> dict[str, str]:
    # The token of a CI job is sent in a header of its own, wherever it comes from.
    personal = options.token or options.environment.get("PRIVATE_TOKEN", "")
    token = personal or options.environment.get("CI_JOB_TOKEN", "")
    if not token:
        raise StorageError("storage-token", "gitlab:// needs a token.", "Give a token with the scope “api”.")
    if not re.fullmatch(r"[!-~]+", token):
        raise StorageError(
            "storage-token", "it has a blank or a control character.", "Store the secret again without it."
        )
    job = not personal or token.startswith(JOB_TOKEN)
    return {"JOB-TOKEN" if job else "PRIVATE-TOKEN": token}


def _id(version: str) -> str:
    return version.partition(".")[0]


def _plain(name: str) -> str:
    """Return a file name that is safe in the request's headers; GitLab does not keep it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name.rpartition("/")[2]) or "file"
