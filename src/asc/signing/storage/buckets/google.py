"""Google Cloud Storage through its own client, with a generation precondition for every write and removal."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import google.api_core.exceptions as refusals
import google.auth
import google.auth.exceptions
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage  # type: ignore[import-untyped, unused-ignore]
from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped, unused-ignore]

from asc.api.session import ended_after
from asc.limited_files import read_limited
from asc.signing.storage.buckets.address import BucketAddress, check_server
from asc.signing.storage.journal import Conflict, ListedObject, ObjectMissing
from asc.signing.storage.model import Options, StorageError, StorageUnreachable
from asc.signing.storage.nearby import MOST_KEYS
from asc.words import decoded, printable_name

logging.getLogger("google").setLevel(logging.WARNING)
SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
TIMEOUT = 60.0
"""Seconds for one request."""
RETRY = DEFAULT_RETRY.with_timeout(120.0)
"""The client's own rules for repeating a request, and the seconds until it gives up."""


def open_google(place: BucketAddress, options: Options) -> GoogleBucket:
    """Open `gs://bucket/prefix` with `credentials`, GOOGLE_APPLICATION_CREDENTIALS or the machine's own credentials.

    Requests are anonymous with STORAGE_EMULATOR_HOST, or with another endpoint and no credentials. Raises StorageError.
    """
    endpoint = options.endpoint or _with_scheme(options.environment.get("STORAGE_EMULATOR_HOST", ""))
    described = options.credentials or options.environment.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    settings = {"api_endpoint": check_server(endpoint)} if endpoint else {}
    credentials = AnonymousCredentials() if endpoint and not described else _credentials(described)  # type: ignore[no-untyped-call, unused-ignore]
    client = storage.Client(
        project="-", credentials=credentials, client_options=settings, _http=_session(credentials)
    )
    return GoogleBucket(client.bucket(place.container), place)


def _session(credentials: Any) -> AuthorizedSession:
    """Return the client's own kind of session, in which no answer takes longer than TIMEOUT."""
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call, unused-ignore]
    for scheme in ("https://", "http://"):
        session.mount(scheme, _InTime())
    return session


class _InTime(requests.adapters.HTTPAdapter):
    """Connections that read each answer at once, and give up if it does not end in time."""

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request and return the whole answer."""
        answer = super().send(*arguments, **options)
        # A time limit of requests starts again with each byte: a body that trickles in would never end.
        with ended_after(answer, TIMEOUT):
            _ = answer.content
        return answer


def _credentials(described: str) -> Any:
    try:
        if not described:
            return google.auth.default(scopes=SCOPES)[0]
        text = (
            described
            if described.lstrip().startswith("{")
            else decoded(read_limited(Path(described).expanduser()))
        )
        return _described(json.loads(text))
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, google.auth.exceptions.GoogleAuthError):
        raise StorageError(
            "storage-credentials",
            "no credentials for Google Cloud could be read.",
            "Give the JSON of a service account or its path, or add google-github-actions/auth before this step.",
        ) from None


def _described(document: Any) -> Any:
    """Return the credentials that a JSON document describes. Raises ValueError for other kinds than the usual ones."""
    # Other kinds are refused because some of them start programs.
    kind = document["type"]
    if kind == "service_account":
        from google.oauth2 import service_account

        return service_account.Credentials.from_service_account_info(document, scopes=SCOPES)  # type: ignore[no-untyped-call, unused-ignore]
    if kind == "external_account" and "executable" not in document["credential_source"]:
        from google.auth import identity_pool

        return identity_pool.Credentials.from_info(document, scopes=SCOPES)  # type: ignore[no-untyped-call, unused-ignore]
    if kind == "authorized_user":
        from google.oauth2 import credentials

        return credentials.Credentials.from_authorized_user_info(document, scopes=SCOPES)  # type: ignore[no-untyped-call, unused-ignore]
    raise ValueError(kind)


def _with_scheme(host: str) -> str:
    return host if not host or "://" in host else f"http://{host}"


class GoogleBucket:
    """The interface `Objects` on a bucket. The version of an object is its generation."""

    def __init__(self, bucket: Any, place: BucketAddress) -> None:
        self._bucket = bucket
        self._place = place
        self.shared = tuple(place.shared)
        self.label = f"Google Cloud bucket {place.container}" + (f" ({place.root})" if place.root else "")

    def list_objects(self) -> Mapping[str, ListedObject]:
        """Return all objects below the root, by their path from there."""
        with self._explained("read", conditional=False):
            blobs = list(
                self._bucket.list_blobs(prefix=self._place.root or None, timeout=TIMEOUT, retry=RETRY)
            )
        named = ((self._place.name(blob.name), blob) for blob in blobs)
        return {name: ListedObject(str(blob.generation), int(blob.size or 0)) for name, blob in named if name}

    def keys_outside(self) -> list[str]:
        """Return the whole keys of objects outside the root."""
        with self._explained("read", conditional=False):
            blobs = list(self._bucket.list_blobs(max_results=MOST_KEYS, timeout=TIMEOUT, retry=RETRY))
        return [blob.name for blob in blobs if self._place.is_outside(blob.name)]

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Return content and generation of an object. Raises ObjectMissing if this generation is gone."""
        blob = self._bucket.blob(self._place.key(name))
        condition = {"if_generation_match": int(version)} if version else {}
        try:
            with self._explained("read"):
                data = blob.download_as_bytes(timeout=TIMEOUT, retry=RETRY, **condition)
        except (refusals.NotFound, Conflict):
            raise ObjectMissing from None
        # The client takes the generation from the headers of the answer.
        if blob.generation is None:
            raise StorageError(
                "endpoint",
                f"{self.label}: the server that answered is not Google Cloud Storage.",
                "Check the endpoint and the proxy.",
            )
        return bytes(data), str(blob.generation)

    def create(self, name: str, data: bytes) -> str:
        """Create an object and return its generation. Raises Conflict if it exists."""
        # Generation 0 stands for an object that does not exist.
        return self.replace(name, data, "0")

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Replace this generation and return the new one. Raises Conflict if the object has another generation."""
        blob = self._bucket.blob(self._place.key(name))
        try:
            with self._explained("written"):
                blob.upload_from_string(
                    data,
                    "application/octet-stream",
                    if_generation_match=int(version),
                    timeout=TIMEOUT,
                    retry=RETRY,
                )
        # A missing object breaks the condition; only a missing bucket is an error.
        except refusals.NotFound as error:
            if "bucket" in str(error).lower():
                raise self._absent() from None
            raise Conflict from None
        return str(blob.generation)

    def delete(self, name: str, version: str) -> None:
        """Remove this generation; a missing object is ignored. Raises Conflict if it has another generation."""
        try:
            with self._explained("written"):
                self._bucket.blob(self._place.key(name)).delete(
                    if_generation_match=int(version or 0), timeout=TIMEOUT, retry=RETRY
                )
        except refusals.NotFound:
            return

    def _absent(self) -> StorageError:
        return StorageError("storage", f"{self.label} does not exist.", "Check its name.")

    @contextmanager
    def _explained(self, done: str, *, conditional: bool = True) -> Iterator[None]:
        try:
            yield
        except refusals.PreconditionFailed as error:
            # Only requests with a condition can conflict; callers of the others expect no Conflict.
            if not conditional:
                raise self._refused(error) from None
            raise Conflict from None
        except refusals.NotFound as error:
            # A list has no object that could be missing.
            if not conditional or "bucket does not exist" in str(error).lower():
                raise self._absent() from None
            raise
        except (refusals.Forbidden, refusals.Unauthorized, google.auth.exceptions.RefreshError) as error:
            raise StorageError(
                "storage-credentials",
                f"{self.label} may not be {done}: {printable_name(_said(error), 300)}",
                "Check the credentials: they need the role Storage Object User (roles/storage.objectUser).",
            ) from None
        except (
            refusals.RetryError,
            refusals.ServerError,
            refusals.TooManyRequests,
            requests.exceptions.RequestException,
            google.auth.exceptions.TransportError,
        ) as error:
            raise StorageUnreachable(
                "storage",
                f"{self.label} could not be reached ({type(error).__name__}).",
                "Check the network and the endpoint, then run the step again.",
            ) from None
        except refusals.GoogleAPICallError as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> StorageError:
        said = printable_name(_said(error), 300)
        return StorageError("storage", f"{self.label}: {said}", "Follow the message of the store.")


def _said(error: Exception) -> str:
    """Return the server's message without the address in front of it."""
    return str(getattr(error, "message", error)).rpartition(": ")[2]
