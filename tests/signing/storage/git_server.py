"""A git host: https with a certificate of its own, `git http-backend` behind it, tokens that read or write."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WRITES = "token-that-writes-7f3a"
READS = "token-that-reads-91bc"


@dataclass
class Host:
    """Where it is, and what was asked of it. `fail` answers the next requests with a status each."""

    url: str
    authority: Path
    asked: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    fail: list[int] = field(default_factory=list)
    redirect: str = ""


def git(*arguments: str, data: bytes | None = None) -> bytes:
    """git with nobody's configuration."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "Someone", f"GIT_{role}_EMAIL": "someone@example.com"}
    done = subprocess.run(["git", *arguments], env=environment, input=data, capture_output=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def certificate(folder: Path) -> tuple[Path, Path]:
    """The files of an authority for 127.0.0.1, and of the server with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    authority, server = folder / "authority.pem", folder / "server.pem"
    pem = made.public_bytes(serialization.Encoding.PEM)
    authority.write_bytes(pem)
    plain = serialization.NoEncryption()
    server.write_bytes(
        pem + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return authority, server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: Host
    root: Path

    def do_any(self) -> None:
        body = self._body()
        self.host.asked.append(f"{self.command} {self.path}")
        self.host.seen.append(self.headers.get("Authorization", ""))
        writing = "git-receive-pack" in self.path
        token = self._token()
        if self.host.fail:
            self._say(self.host.fail.pop(0))
        elif self.host.redirect:
            self._say(301, ("Location", self.host.redirect + self.path))
        elif token not in {WRITES, READS}:
            self._say(401, ("WWW-Authenticate", 'Basic realm="git"'))
        elif writing and token == READS:
            self._say(403)
        else:
            self._backend(body)

    do_GET = do_POST = do_any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _token(self) -> str:
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(text).decode().partition(":")[2] if kind == "Basic" else ""

    def _say(self, status: int, *headers: tuple[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _backend(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "REMOTE_USER": "someone",
            "REMOTE_ADDR": "127.0.0.1",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self._say(status, *((name, value) for name, value in headers if name != "Status"), body=content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust us, is none of ours."""


@contextmanager
def git_host(root: Path, folder: Path) -> Iterator[Host]:
    """Serves the repositories below `root`."""
    authority, server_file = certificate(folder)
    host = Host("", authority)
    server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"host": host, "root": root}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
