"""S3, compatible stores, and Azure Blob Storage, through obstore.

Writes carry a condition: create only, or If-Match with the ETag. This library cannot remove on a condition, so the ETag
is checked just before a removal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, NoReturn, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import AzureStore, S3Store

from asc.api import retry
from asc.api.clock import Clock
from asc.signing.storage.buckets.address import BucketAddress, check_server
from asc.signing.storage.journal import Conflict, ListedObject, ObjectMissing
from asc.signing.storage.model import Options, StorageError, StorageUnreachable
from asc.signing.storage.nearby import MOST_KEYS
from asc.words import printable_name

OF_THE_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint")
"""S3's error codes for a request that was signed for another region than the bucket's."""
FETCHED_S3_CREDENTIALS = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables of credentials that the library fetches by itself."""
RETRY: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}
TIMEOUTS = {"connect_timeout": timedelta(seconds=10), "timeout": timedelta(seconds=60)}
"""Time to connect, and for one request with its answer."""
BROKEN_ANSWER = re.compile(
    r"response body|error decoding|partial response|end of file|unexpected eof", re.IGNORECASE
)
"""The library's words for an answer that broke off or took too long after its first bytes."""
NO_ANSWER = re.compile(f"error sending request|{BROKEN_ANSWER.pattern}", re.IGNORECASE)
"""The same, and its words for a request without any answer."""
ATTEMPTS = 3
"""Attempts for a request whose answer broke off, or a conditional write without an answer. The library itself repeats
only requests without an answer, and of those not the conditional writes."""
AZURE_VARIABLES = {
    "account_name": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"),
    "account_key": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_KEY"),
    "sas_key": ("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"),
    "client_id": ("AZURE_CLIENT_ID",),
    "client_secret": ("AZURE_CLIENT_SECRET",),
    "tenant_id": ("AZURE_TENANT_ID",),
    "federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
}
S3_VARIABLES = {
    "access_key_id": ("AWS_ACCESS_KEY_ID",),
    "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "session_token": ("AWS_SESSION_TOKEN",),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
}
"""Setting of the library → the variables that it may come from, the first one first."""


def open_s3(place: BucketAddress, options: Options) -> ObstoreBucket:
    """Open `s3://bucket/prefix`: credentials, region and endpoint come from the options, else from the AWS_ variables.

    Raises StorageError if there are no credentials, or the endpoint is invalid.
    """
    given = {
        "access_key_id": options.access_key,
        "secret_access_key": options.secret_key,
        "session_token": options.session_token,
        "region": options.region,
        "endpoint": options.endpoint,
    }
    settings = _settings(
        given, S3_VARIABLES, options, ("access_key_id", "secret_access_key", "session_token")
    )
    settings.setdefault("region", "us-east-1")
    # Without credentials the library asks the machine's metadata service, which hands out the machine's own role. A
    # self-hosted runner may want that, and has to say so.
    asks_machine = options.environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "false"
    fetched = any(options.environment.get(name) for name in FETCHED_S3_CREDENTIALS)
    if not ("access_key_id" in settings or asks_machine or fetched):
        raise StorageError(
            "storage",
            "there are no credentials for s3://.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws-actions/configure-aws-credentials before. On "
            "an EC2 runner with a role of its own, set AWS_EC2_METADATA_DISABLED to false.",
        )
    store = S3Store(place.container, config=settings, client_options=_client(settings), retry_config=RETRY)
    return ObstoreBucket(store, place, f"S3 bucket {place.container}", options.clock)


def open_azure(place: BucketAddress, options: Options) -> ObstoreBucket:
    """Open `az://container/prefix`: `access_key` is the account's name, `secret_key` its key, `session_token` a SAS.

    Missing ones come from the AZURE_STORAGE_ variables, or AZURE_CLIENT_ID and AZURE_TENANT_ID with a secret or a
    federated token. Raises StorageError if the account is unknown, or the endpoint is invalid.
    """
    given = {
        "account_name": options.access_key,
        "account_key": options.secret_key,
        "sas_key": options.session_token,
        "endpoint": options.endpoint,
    }
    settings = _settings(given, AZURE_VARIABLES, options, ("account_key", "sas_key"))
    if "account_name" not in settings:
        raise StorageError(
            "storage",
            "the storage account of az:// is not known.",
            "Set AZURE_STORAGE_ACCOUNT_NAME to its name.",
        )
    store = AzureStore(place.container, config=settings, client_options=_client(settings), retry_config=RETRY)
    label = f"Azure container {settings['account_name']}/{place.container}"
    return ObstoreBucket(store, place, label, options.clock)


def _settings(
    given: Mapping[str, str],
    variables: Mapping[str, tuple[str, ...]],
    options: Options,
    together: tuple[str, ...],
) -> Any:
    """Return the given settings, completed from the variables. The settings in `together` all come from one side."""
    settings = {name: value for name, value in given.items() if value}
    # A key from an input with a session token from the environment would belong to different credentials.
    complete = set(together) if set(together) & set(settings) else set()
    for name, sources in variables.items():
        value = next(
            (options.environment[source] for source in sources if options.environment.get(source)), ""
        )
        if value and name not in complete:
            settings.setdefault(name, value)
    if "endpoint" in settings:
        settings["endpoint"] = check_server(settings["endpoint"])
    return settings


def _client(settings: Mapping[str, str]) -> Any:
    """Return the client options; http:// is allowed if the endpoint has it."""
    # check_server accepts http:// only for this machine.
    local = settings.get("endpoint", "").startswith("http://")
    return {"allow_http": local, **TIMEOUTS}


_Answer = TypeVar("_Answer")


class ObstoreBucket:
    """The interface `Objects` on a store of obstore. The version of an object is its ETag."""

    def __init__(self, store: S3Store | AzureStore, place: BucketAddress, label: str, clock: Clock) -> None:
        self._store = store
        self._place = place
        self._clock = clock
        self.shared = tuple(place.shared)
        self.label = f"{label} ({place.root})" if place.root else label

    def list_objects(self) -> Mapping[str, ListedObject]:
        """Return all objects below the root, by their path from there.

        obstore refuses the whole list if one key is not a path (“..”, “//”); this then raises StorageError.
        """
        root = self._place.root or None
        try:
            listed = self._whole(lambda: [meta for page in obstore.list(self._store, root) for meta in page])
        except (BaseError, OSError) as error:
            self._fail(error, writing=False)
        named = ((self._place.name(meta["path"]), meta) for meta in listed)
        return {
            name: ListedObject(_bare(meta["e_tag"]), meta["size"])
            for name, meta in named
            if name and (meta["size"] or self._is_object(meta["path"]))
        }

    def keys_outside(self) -> list[str]:
        """Return the whole keys of objects outside the root."""
        try:
            pages = obstore.list(self._store)
            keys = (meta["path"] for page in pages for meta in page)
            return [key for key in islice(keys, MOST_KEYS) if self._place.is_outside(key)]
        except (BaseError, OSError) as error:
            self._fail(error, writing=False)

    def _is_object(self, key: str) -> bool:
        """Return True if an empty object is a file, and False if it only marks a folder."""
        # obstore lists marks of folders without the slash at the end of their key; they have no object by that name.
        try:
            self._whole(lambda: obstore.head(self._store, key))
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            self._fail(error, writing=False)
        return True

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Return content and ETag of the newest version; `version` is ignored. Raises ObjectMissing."""
        try:
            return self._whole(lambda: self._downloaded(self._place.key(name)))
        except FileNotFoundError:
            raise ObjectMissing from None
        except (BaseError, OSError) as error:
            self._fail(error, writing=False)

    def _downloaded(self, key: str) -> tuple[bytes, str]:
        result = obstore.get(self._store, key)
        return bytes(result.bytes()), _bare(result.meta["e_tag"])

    def create(self, name: str, data: bytes) -> str:
        """Create an object (If-None-Match: *) and return its ETag. Raises Conflict if it exists."""
        return self._put(name, data, "create")

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Replace an object (If-Match) and return its ETag. Raises Conflict if it has another ETag."""
        return self._put(name, data, {"e_tag": f'"{version}"'})

    def _put(self, name: str, data: bytes, mode: Any) -> str:
        key = self._place.key(name)
        try:
            # If the first attempt was applied, the second one is a conflict; callers expect that.
            result = self._whole(
                lambda: obstore.put(self._store, key, data, mode=mode, use_multipart=False), NO_ANSWER
            )
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
                self._fail(error, writing=True)
            raise Conflict from None
        except (BaseError, OSError) as error:
            self._fail(error, writing=True)
        return _bare(result["e_tag"])

    def delete(self, name: str, version: str) -> None:
        """Remove an object after checking its ETag; a missing object is ignored. Raises Conflict if it has another
        ETag.
        """
        key = self._place.key(name)
        try:
            if _bare(self._whole(lambda: obstore.head(self._store, key))["e_tag"]) != version:
                raise Conflict
            self._whole(lambda: obstore.delete(self._store, key))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            self._fail(error, writing=True)

    def _whole(self, ask: Callable[[], _Answer], passing: re.Pattern[str] = BROKEN_ANSWER) -> _Answer:
        """Return the answer of `ask`, which is called again after a pause if its error has one of the words."""
        for attempt in range(1, ATTEMPTS):
            try:
                return ask()
            except (BaseError, OSError) as error:
                if not passing.search(str(error)):
                    raise
                self._clock.sleep(retry.pause(attempt, None, self._clock.chance()))
        return ask()

    def _fail(self, error: Exception, *, writing: bool) -> NoReturn:
        raise error_from(str(error), self.label, writing=writing) from None


def error_from(text: str, label: str, *, writing: bool) -> StorageError:
    """Return the error for obstore's message `text`, without the addresses that it quotes."""
    # The message quotes whole addresses with their signatures, so only its code and text are shown.
    status = int(match[1]) if (match := re.search(r"status code: (\d{3})", text)) else 0
    codes = [re.search(rf"<{tag}>([^<]{{1,1000}})</{tag}>", text) for tag in ("Code", "Message")]
    first = re.sub(r"https?://\S+", "the store", text.partition("\n")[0])
    said = printable_name(": ".join(code[1] for code in codes if code) or first, 600)
    if any(code in text for code in OF_THE_REGION) or status == 301:
        return StorageError(
            "region", f"{label} is in another region: {said}", "Set region to the bucket's region."
        )
    if "RequestTimeTooSkewed" in text:
        return StorageError(
            "storage", f"{label} says that this machine's clock is wrong: {said}", "Set the runner's clock."
        )
    if status in {401, 403} or "credential" in text.lower().partition("debug source")[0]:
        verb = "written" if writing else "read"
        return StorageError(
            "storage",
            f"{label} may not be {verb}: {said}",
            "Check the credentials, and that they may list, read, write and remove objects there.",
        )
    if "NoSuchBucket" in text or "ContainerNotFound" in text or status == 404:
        return StorageError(
            "storage", f"{label} does not exist: {said}", "Check its name, the region and endpoint."
        )
    if status >= 500 or status in {408, 429} or (not status and NO_ANSWER.search(text)):
        return StorageUnreachable(
            "storage",
            f"{label} could not be reached: {said}",
            "Check the endpoint and the network, then run it again.",
        )
    return StorageError("storage", f"{label}: {said}", "Follow the message of the store.")


def _bare(etag: str | None) -> str:
    """Return an ETag without its quotation marks. Raises StorageError if there is none."""
    # Azure omits the quotation marks in lists, so ETags are compared without them.
    if not etag:
        raise StorageError(
            "storage", "the store sends no ETags.", "Use a store with ETags: conditional writes need them."
        )
    return etag.strip('"')
