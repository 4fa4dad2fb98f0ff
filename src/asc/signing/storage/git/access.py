"""Build the environment that git runs in: it holds the credentials for one repository and as little else as possible.

* A token travels as a setting in git's environment (GIT_CONFIG_KEY_n) for one host, so it is neither in an address nor
  on a command line. Redirects are not followed, because git would send the token to the new address. The machine's
  configuration and .netrc are not read.
* Without a token git uses the machine's configuration, including credential helpers, but never asks a question.
* A deploy key lies in a file of mode 0600 while a command runs. ssh then uses only this key, and takes host keys from
  the input `known-hosts`, the keys below and the machine's files. An unknown host is refused; its key is never stored.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from asc.api.session import is_loopback
from asc.private_files import write_private
from asc.signing.storage.git.deploykey import private_key
from asc.signing.storage.model import Options, StorageError

# git starts programs (hooks, helpers, ssh), so it gets these variables and not the secrets of the job.
PASSED = (
    *("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
PASSED_WITHOUT_TOKEN = (
    "HOME",
    "XDG_CONFIG_HOME",
    "USER",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_ASKPASS",
)
PASSED_TO_SSH = ("HOME", "USER", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND")
CA_FILES = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name a file of certificate authorities, the first one first."""

GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
"""The files that ssh reads by default (ssh_config(5))."""

# The hosts publish these keys in their documentation. All of them offer Ed25519, so one key each is enough.
KNOWN_HOSTS = """\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
bitbucket.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO
"""


STALLED_AFTER = 60
"""Seconds below 100 bytes a second after which a transfer counts as a lost connection."""


class Access:
    """The credentials for one repository. `secrets` are the texts that no message may show.

    Raises StorageError if a token or a key does not fit the address, or is malformed.
    """

    def __init__(self, location: Location, options: Options) -> None:
        self._location = location
        self._options = options
        self.token = options.token or _job_token(location, options.environment)
        self.is_job_token = bool(self.token) and not options.token
        # A line break would end the Authorization header and begin another one.
        if any(character < " " for character in self.token):
            raise StorageError(
                "storage-token",
                "it has a line break or a control character.",
                "Store the secret again without it.",
            )
        if options.token and location.scheme not in {"https", "http"}:
            raise StorageError(
                "storage-token",
                f"a token works with https, but the address of the repository uses {location.scheme}.",
                "Write the storage as https://….git, or remove the token.",
            )
        if options.deploy_key and location.scheme != "ssh":
            raise StorageError(
                "deploy-key",
                f"a deploy key works with ssh, but the address of the repository uses {location.scheme}.",
                "Write the storage as git@host:path, or remove the key.",
            )
        self._key = private_key(options.deploy_key) if options.deploy_key else ""
        self.secrets = tuple(filter(None, (self.token, self._credentials())))

    @contextlib.contextmanager
    def environment(self, private: Path) -> Iterator[dict[str, str]]:
        """Yield the complete environment of a git command.

        Files with credentials exist below `private` until the command has ended.
        """
        with contextlib.ExitStack() as stack:
            environment = self._passed_on(private) | _as_configuration(self._settings())
            if self._options.deploy_key:
                environment["GIT_SSH_COMMAND"] = stack.enter_context(self._ssh(private))
            elif self._location.scheme == "ssh":
                environment.setdefault("GIT_SSH_COMMAND", stack.enter_context(self._agent(private)))
            yield environment

    def _passed_on(self, private: Path) -> dict[str, str]:
        """Return the job's variables that git gets, and the ones that replace the machine's configuration."""
        job = self._options.environment
        isolated = bool(self.token or self._options.deploy_key)
        passed = PASSED if isolated else (*PASSED, *PASSED_WITHOUT_TOKEN)
        if self._location.scheme == "ssh":
            passed = (*passed, *PASSED_TO_SSH)
        environment = {name: job[name] for name in passed if job.get(name)}
        environment.setdefault("PATH", os.defpath)
        if authorities := next((job[name] for name in CA_FILES if job.get(name)), None):
            environment["GIT_SSL_CAINFO"] = authorities
        if isolated:
            # A credential helper or insteadOf rule of the machine could send the token or key elsewhere.
            environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(private)}
        return environment | {
            # asc.signing.storage.git.trouble recognises the English messages.
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self._location.scheme,
        }

    def _settings(self) -> list[tuple[str, str]]:
        # Nothing that the machine configures may run a program or change the commit.
        settings = [
            ("core.hooksPath", os.devnull),
            ("core.fsmonitor", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("push.gpgSign", "false"),
            ("http.lowSpeedLimit", "100"),
            ("http.lowSpeedTime", str(STALLED_AFTER)),
        ]
        if self.token:
            settings += [
                ("credential.helper", ""),
                ("http.followRedirects", "false"),
                (f"http.{self._location.origin}.extraHeader", f"Authorization: Basic {self._credentials()}"),
            ]
        return settings

    def _credentials(self) -> str:
        """Return user and token for https in base64, or "" without a token."""
        if not self.token:
            return ""
        # Few hosts check the user's name. A token of the form user:token brings its own.
        pair = self.token if ":" in self.token else f"{self._location.user or 'x-access-token'}:{self.token}"
        return base64.b64encode(pair.encode()).decode()

    def _known_hosts(self) -> bytes:
        return f"{self._options.known_hosts.strip()}\n{KNOWN_HOSTS}".encode()

    @contextlib.contextmanager
    def _agent(self, private: Path) -> Iterator[str]:
        """Yield the ssh command with the machine's keys and configuration, and our host keys in addition to its own."""
        known = private / f"known_hosts-{secrets.token_hex(8)}"
        write_private(known, self._known_hosts())
        # This setting adds to the global files; the user's own file stays as the machine configures it.
        files = f'"{known}" {" ".join(GLOBAL_KNOWN_HOSTS)}'
        words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        try:
            yield shlex.join([*words, "-o", f"GlobalKnownHostsFile={files}"])
        finally:
            known.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _ssh(self, private: Path) -> Iterator[str]:
        """Yield the ssh command with the deploy key alone, without the machine's keys and configuration."""
        folder = private / f"ssh-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        key, known = folder / "key", folder / "known_hosts"
        try:
            write_private(key, self._key.encode())
            write_private(known, self._known_hosts())
            home = self._options.environment.get("HOME")
            files = [str(known), *([f"{home}/.ssh/known_hosts"] if home else [])]
            settings = {
                "IdentityFile": str(key),
                "IdentitiesOnly": "yes",
                "IdentityAgent": "none",
                "BatchMode": "yes",
                "StrictHostKeyChecking": "yes",
                "UpdateHostKeys": "no",
                "ConnectTimeout": "30",
                "UserKnownHostsFile": " ".join(f'"{file}"' for file in files),
            }
            # No configuration file: the machine's could add keys or a proxy command.
            words = ["ssh", "-F", os.devnull]
            for name, value in settings.items():
                words += ["-o", f"{name}={value}"]
            yield shlex.join(words)
        finally:
            for file in (key, known):
                file.unlink(missing_ok=True)
            folder.rmdir()


def _job_token(location: Location, environment: Mapping[str, str]) -> str:
    """Return GITHUB_TOKEN if the repository is on the job's own server, else ""."""
    server = urlsplit(environment.get("GITHUB_SERVER_URL") or "https://github.com")
    repository = urlsplit(location.url)
    same = (server.scheme, server.netloc.lower()) == (repository.scheme, repository.netloc.lower())
    return environment.get("GITHUB_TOKEN", "") if same and server.scheme == "https" else ""


def _as_configuration(settings: list[tuple[str, str]]) -> dict[str, str]:
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


PLAIN = re.compile(r"(?!-)[\x21-\x7e]+")
"""The characters of an address. git and ssh would read a dash at its start as an option."""
SCP = re.compile(
    r"(?P<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>(?!/?-).+)"
)


@dataclass(frozen=True)
class Location:
    """The address of a repository.

    `url` is the address for git, without secrets. `scheme` is https, http, ssh or file; `host` is empty for files.
    `user` is the user's name in an https address, if there is one.
    """

    url: str
    scheme: str
    host: str
    user: str = ""

    @property
    def origin(self) -> str:
        """Return scheme, host and port as git matches settings against: "https://example.com:8443/"."""
        return urlunsplit((self.scheme, urlsplit(self.url).netloc, "/", "", ""))


def is_git(text: str) -> bool:
    """Return True if a location is the address of a git repository."""
    if text.startswith(("git+", "ssh://")):
        return True
    if "://" in text:
        return text.startswith(("https://", "http://")) and text.rstrip("/").endswith(".git")
    return SCP.fullmatch(text) is not None


def parse(text: str) -> Location:
    """Parse the address of a repository. Raises StorageError if it cannot be used."""
    # No message shows the address, because it may contain a password.
    url = text.removeprefix("git+")
    if not PLAIN.fullmatch(url):
        raise _wrong(
            "it begins with a dash, or has blanks or other characters that are not allowed in addresses"
        )
    if match := SCP.fullmatch(url) if "://" not in url else None:
        return Location(url, "ssh", match["host"])
    try:
        parts = urlsplit(url)
        # Reading the port raises ValueError if it is not a number.
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("it is not an address") from None
    if parts.query or parts.fragment:
        raise _wrong("it has a ? or a #")
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return Location(url, "file", "")
    if not host or host.startswith("-") or not parts.path.strip("/"):
        raise _wrong("the host or the repository is missing")
    if parts.scheme == "ssh" and not parts.password and not (parts.username or "").startswith("-"):
        return Location(url, "ssh", host)
    # http:// would send a token unencrypted, so it is only accepted for this machine.
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        if parts.password:
            raise _wrong("it contains a password", "Remove it from the address and set storage-token to it.")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Location(bare, parts.scheme, host, parts.username or "")
    raise _wrong("a git repository needs https://, ssh://, git@host:path or git+file://")


def _wrong(
    reason: str, remedy: str = "Write it as https://github.com/OWNER/REPOSITORY.git, for example."
) -> StorageError:
    return StorageError("storage", f"the address of the git repository cannot be used: {reason}.", remedy)
