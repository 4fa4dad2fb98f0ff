"""How git is let in: the environment it runs with, which holds what it needs and no more.

* A token travels as a setting in git's environment (GIT_CONFIG_KEY_n), bound to the one host, so it is neither in an
  address nor on a command line; redirects are not followed, for git would show the token to where they lead. Then no
  configuration and no .netrc of the machine is read.
* Without a token git is configured as on this machine, credential helpers included, but never asks a question.
* A deploy key lies in a file of mode 0600 while a command runs. Then ssh uses it alone, and knows hosts by the input
  `known-hosts`, the keys below and the machine's own files. A host that none of these knows is refused, never learnt.
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

PASSED = (
    *("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ),
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

GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
"""The files that ssh looks into unasked (ssh_config(5))."""

# The hosts publish these in their documentation; Ed25519 alone, which all of them offer.
KNOWN_HOSTS = """\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
bitbucket.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO
"""


class Access:
    """What lets git into one repository. `secrets` are the texts that no message may show."""

    def __init__(self, location: Location, options: Options) -> None:
        self._location = location
        self._options = options
        self.token = options.token or _job_token(location, options.environment)
        self.is_job_token = bool(self.token) and not options.token
        if any(character < " " for character in self.token):
            raise StorageError(
                "storage-token", "it has a line break or a control character.", "Store it anew."
            )
        if options.token and location.scheme not in {"https", "http"}:
            raise StorageError(
                "storage-token",
                f"a token is for https, and the repository is reached by {location.scheme}.",
                "Write the storage as https://….git, or leave the token away.",
            )
        if options.deploy_key and location.scheme != "ssh":
            raise StorageError(
                "deploy-key",
                f"a deploy key is for ssh, and the repository is reached by {location.scheme}.",
                "Write the storage as git@host:path, or leave the key away.",
            )
        self._key = private_key(options.deploy_key) if options.deploy_key else ""
        self.secrets = tuple(filter(None, (self.token, self._credentials())))

    @contextlib.contextmanager
    def environment(self, private: Path) -> Iterator[dict[str, str]]:
        """The whole environment of a git command; files that it needs lie below `private` until it has ended."""
        with contextlib.ExitStack() as stack:
            environment = self._basic(private) | _as_configuration(self._settings())
            if self._options.deploy_key:
                environment["GIT_SSH_COMMAND"] = stack.enter_context(self._ssh(private))
            elif self._location.scheme == "ssh":
                environment.setdefault("GIT_SSH_COMMAND", stack.enter_context(self._agent(private)))
            yield environment

    def _basic(self, private: Path) -> dict[str, str]:
        ours = self._options.environment
        isolated = bool(self.token or self._options.deploy_key)
        passed = PASSED if isolated else (*PASSED, *PASSED_WITHOUT_TOKEN)
        if self._location.scheme == "ssh":
            passed = (*passed, *PASSED_TO_SSH)
        environment = {name: ours[name] for name in passed if ours.get(name)}
        environment.setdefault("PATH", os.defpath)
        if authorities := next((ours[name] for name in CA_FILES if ours.get(name)), None):
            environment["GIT_SSL_CAINFO"] = authorities
        if isolated:
            environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(private)}
        return environment | {
            "LC_ALL": "C",  # its messages are understood by asc.signing.storage.git.trouble
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self._location.scheme,
        }

    def _settings(self) -> list[tuple[str, str]]:
        settings = [
            ("core.hooksPath", os.devnull),
            ("core.fsmonitor", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("push.gpgSign", "false"),
            ("http.lowSpeedLimit", "100"),
            ("http.lowSpeedTime", "60"),
        ]
        if self.token:
            settings += [
                ("credential.helper", ""),
                ("http.followRedirects", "false"),
                (f"http.{self._location.origin}.extraHeader", f"Authorization: Basic {self._credentials()}"),
            ]
        return settings

    def _credentials(self) -> str:
        """User and token as https has them. The user's name matters to few hosts; a token may bring its own."""
        if not self.token:
            return ""
        pair = self.token if ":" in self.token else f"{self._location.user or 'x-access-token'}:{self.token}"
        return base64.b64encode(pair.encode()).decode()

    @contextlib.contextmanager
    def _agent(self, private: Path) -> Iterator[str]:
        """ssh with the keys and the configuration of this machine, which knows our hosts besides its own."""
        known = private / f"known_hosts-{secrets.token_hex(8)}"
        write_private(known, (self._options.known_hosts.strip() + "\n" + KNOWN_HOSTS).encode())
        # The user's own file stays what the machine's configuration says: this adds to the global ones.
        files = f'"{known}" {" ".join(GLOBAL_KNOWN_HOSTS)}'
        words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        try:
            yield shlex.join([*words, "-o", f"GlobalKnownHostsFile={files}"])
        finally:
            known.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _ssh(self, private: Path) -> Iterator[str]:
        folder = private / f"ssh-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        key, known = folder / "key", folder / "known_hosts"
        try:
            write_private(key, self._key.encode())
            write_private(known, (self._options.known_hosts.strip() + "\n" + KNOWN_HOSTS).encode())
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
            words = ["ssh", "-F", os.devnull]
            for name, value in settings.items():
                words += ["-o", f"{name}={value}"]
            yield shlex.join(words)
        finally:
            for file in (key, known):
                file.unlink(missing_ok=True)
            folder.rmdir()


def _job_token(location: Location, environment: Mapping[str, str]) -> str:
    """GITHUB_TOKEN, for the server that the job comes from alone."""
    server = urlsplit(environment.get("GITHUB_SERVER_URL") or "https://github.com")
    theirs = urlsplit(location.url)
    same = (server.scheme, server.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
    return environment.get("GITHUB_TOKEN", "") if same and server.scheme == "https" else ""


def _as_configuration(settings: list[tuple[str, str]]) -> dict[str, str]:
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


PLAIN = re.compile(r"(?!-)[\x21-\x7e]+")
"""What an address is written with. A dash in front would be an option to git or ssh."""
SCP = re.compile(
    r"(?P<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>(?!/?-).+)"
)


@dataclass(frozen=True)
class Location:
    """A repository. `url` is what git gets and holds no secret; `user` is that of https, where the location names one.

    `scheme` is https, http, ssh or file. `host` is empty for files.
    """

    url: str
    scheme: str
    host: str
    user: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as git matches settings against: "https://example.com:8443/"."""
        return urlunsplit((self.scheme, urlsplit(self.url).netloc, "/", "", ""))


def is_git(text: str) -> bool:
    """Whether a location speaks of a git repository."""
    if text.startswith(("git+", "ssh://")):
        return True
    if "://" in text:
        return text.startswith(("https://", "http://")) and text.rstrip("/").endswith(".git")
    return SCP.fullmatch(text) is not None


def parse(text: str) -> Location:
    """Reads a location; raises StorageError. No message shows the address, for a password may be in it."""
    url = text.removeprefix("git+")
    if not PLAIN.fullmatch(url):
        raise _wrong("it has blanks or other characters that addresses do not have, or begins with a dash")
    if match := SCP.fullmatch(url) if "://" not in url else None:
        return Location(url, "ssh", match["host"])
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("it is no address") from None
    if parts.query or parts.fragment:
        raise _wrong("it has a ? or a #")
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return Location(url, "file", "")
    if not host or host.startswith("-") or not parts.path.strip("/"):
        raise _wrong("it names no host or no repository")
    if parts.scheme == "ssh" and not parts.password and not (parts.username or "").startswith("-"):
        return Location(url, "ssh", host)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        if parts.password:
            raise _wrong("it holds a password", "Take it out of the address and give it as storage-token.")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Location(bare, parts.scheme, host, parts.username or "")
    raise _wrong("only https://, ssh://, git@host:path and git+file:// reach a git repository")


def _wrong(
    reason: str, remedy: str = "Write it as https://github.com/OWNER/REPOSITORY.git, for example."
) -> StorageError:
    return StorageError("storage", f"the address of the git repository is not one to use: {reason}.", remedy)
