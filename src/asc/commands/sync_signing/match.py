"""Read match's environment variables for the storage, as the default of inputs that are not given."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from asc.limited_files import read_limited
from asc.signing.storage import Options, StorageError
from asc.signing.storage.git.access import is_git
from asc.words import decoded

TYPES = {"appstore": "app-store", "adhoc": "ad-hoc"}
"""match's words that differ from ours in more than `_` and `-`."""


def words(text: str) -> str:
    """Return a list of match's words (`appstore, mac_installer_distribution`) in the words of the inputs."""
    plain = text.lower().replace("_", "-")
    for match_word, our_word in TYPES.items():
        plain = plain.replace(match_word, our_word)
    return plain


def storage(environment: Mapping[str, str]) -> str:
    """Return the location that MATCH_STORAGE_MODE and the variables of that mode name; "" if they name none."""

    def variable(name: str) -> str:
        return environment.get(f"MATCH_{name}", "").strip()

    mode = variable("STORAGE_MODE")
    if mode == "s3" and variable("S3_BUCKET"):
        prefix, team = variable("S3_OBJECT_PREFIX"), environment.get("FASTLANE_TEAM_ID", "").strip()
        # match writes the prefix right before the team's folder: without a slash the two are one name.
        glued = team if prefix and not prefix.endswith("/") else ""
        return f"s3://{variable('S3_BUCKET')}/{prefix}{glued}".rstrip("/")
    if mode == "google_cloud" and variable("GOOGLE_CLOUD_BUCKET_NAME"):
        return f"gs://{variable('GOOGLE_CLOUD_BUCKET_NAME')}"
    if mode == "gitlab_secure_files" and variable("GITLAB_PROJECT"):
        return f"gitlab://{variable('GITLAB_PROJECT')}"
    url = variable("GIT_URL")
    # match passes this variable to git, which accepts a path. A storage needs a scheme.
    if url.startswith("/"):
        return f"git+file://{url}"
    # The variable is about git, so an https address needs no .git at its end.
    return f"git+{url}" if url.startswith("https://") and not is_git(url) else url


def with_access(options: Options, location: str, environment: Mapping[str, str]) -> Options:
    """Return `options` with match's credentials for this location if they have none. Raises StorageError."""
    scheme = location.removeprefix("git+").partition("://")[0]
    if scheme == "s3" and not options.access_key:
        names = ("ACCESS_KEY", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
        access, secret, session = (environment.get(f"MATCH_S3_{name}", "") for name in names)
        return replace(options, access_key=access, secret_key=secret, session_token=session)
    if scheme == "gitlab" and not options.endpoint:
        return replace(options, endpoint=environment.get("MATCH_GITLAB_HOST", ""))
    if scheme in ("https", "http") and not options.token:
        return replace(options, token=_token(environment))
    return options


def text_or_file(key: str) -> str:
    """Return the text of a deploy key, which match also accepts as a path."""
    # A key has several lines, and a path has one.
    if not key or "\n" in key.strip():
        return key
    try:
        return decoded(read_limited(Path(key.strip()).expanduser()))
    except (OSError, UnicodeDecodeError, RuntimeError):
        return key


def _token(environment: Mapping[str, str]) -> str:
    """Return `user:token` or a token of the variables, "" if none is set. Raises StorageError for another text."""
    basic = environment.get("MATCH_GIT_BASIC_AUTHORIZATION", "").strip()
    if not basic:
        return environment.get("MATCH_GIT_BEARER_AUTHORIZATION", "").strip()
    text = re.sub(r"^basic\s+", "", basic, flags=re.IGNORECASE)
    # Base64 of GNU breaks its lines at 76 characters, and fine-grained tokens are longer.
    try:
        pair = base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    if ":" in pair and pair.strip().isprintable():
        return pair.strip()
    if text.isprintable() and " " not in text:
        return text
    raise StorageError(
        "storage-token",
        "MATCH_GIT_BASIC_AUTHORIZATION is neither user:token, nor that in base64, nor a token.",
        "Set it to the output of: echo -n USER:TOKEN | base64 -w0",
    )
