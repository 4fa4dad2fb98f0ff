"""What stands between the step and App Store Connect: proxies that refuse, trickle or want credentials."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asc.api.retry import NotSent, classify
from asc.api.session import Settings, open_session
from asc.errors import UnreachableError
from asc.store.addresses import check_addresses
from asc.store.wanted import Place, Text, WantedPage

USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
"""The bits of KeyUsage in their order."""


@contextlib.contextmanager
def proxy(answer: Iterable[bytes], pause: float = 0.0) -> Iterator[str]:
    """Run a proxy that answers one request with the pieces of `answer`. Yields its address."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as connection:
                connection.recv(65536)
                for piece in answer:
                    connection.sendall(piece)
                    if over.wait(pause):
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
    thread.join(20)


def failure_through(address: str, timeout: float = 5.0) -> NotSent | Exception:
    session = open_session(Settings(), 1)
    with contextlib.closing(session), pytest.raises(requests.exceptions.RequestException) as raised:
        session.get("https://appstore.example.com/", proxies={"https": address}, timeout=(timeout, timeout))
    return classify(raised.value)


def test_a_proxy_that_answers_connect_a_byte_at_a_time_is_given_up() -> None:
    with proxy(itertools.repeat(b"H"), pause=0.05) as address:
        error = failure_through(address, timeout=0.3)
    assert isinstance(error, NotSent)
    assert "in time" in str(error)


def test_a_proxy_that_trickles_headers_of_connect_is_given_up() -> None:
    lines = itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X: y"))
    with proxy(lines, pause=0.05) as address:
        error = failure_through(address, timeout=0.3)
    assert isinstance(error, NotSent)


def test_a_proxy_that_wants_credentials_ends_the_step_at_once() -> None:
    with proxy([b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]) as address:
        error = failure_through(address)
    assert isinstance(error, UnreachableError)
    assert "407" in error.message
    assert "HTTPS_PROXY" in error.remedy


def test_a_proxy_that_cannot_reach_the_server_is_asked_again_and_names_its_status() -> None:
    with proxy([b"HTTP/1.1 502 Bad Gateway\r\n\r\n"]) as address:
        error = failure_through(address)
    assert isinstance(error, NotSent)
    assert "502" in str(error)


def test_a_proxy_that_forbids_the_host_ends_the_step_at_once() -> None:
    with proxy([b"HTTP/1.1 403 Forbidden\r\n\r\n"]) as address:
        assert isinstance(failure_through(address), UnreachableError)


def test_an_expired_certificate_is_told_as_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests takes them before what the session says
        monkeypatch.delenv(name, raising=False)
    authority, chain = expired_server_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        session = open_session(Settings(ca_bundle=str(authority)), 1)
        with contextlib.closing(session), pytest.raises(requests.exceptions.SSLError) as raised:
            session.get(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=(5, 5))
        thread.join(20)
    error = classify(raised.value)
    assert isinstance(error, UnreachableError)
    assert "expired" in error.message


def expired_server_certificate(folder: Path) -> tuple[Path, Path]:
    """Write an authority, and a certificate of its that ended yesterday, with its key. Return both files."""
    now = datetime.now(UTC)
    keys = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("Authority", "Server")
    ]

    def issued(number: int, days: int, *extensions: x509.ExtensionType) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(number + 1)
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    own = x509.SubjectKeyIdentifier.from_public_key(keys[0].public_key())
    usage = x509.KeyUsage(*(name in ("key_cert_sign", "digital_signature") for name in USAGES))
    authority, chain = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(issued(0, 30, x509.BasicConstraints(ca=True, path_length=None), own, usage))
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key())
    plain = serialization.NoEncryption()
    chain.write_bytes(
        issued(1, -1, host, issuer)
        + keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return authority, chain


def test_addresses_of_a_store_page_are_asked_for_through_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    support = {"support_url": Text("http://support.example.invalid/", Place("support_url.txt", 1))}
    with proxy([b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"]) as address:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("no_proxy", "")
        (found,) = check_addresses(WantedPage({"en-US": support}))
    assert (found.level, "410" in found.message) == ("error", True)


def test_an_address_of_the_runners_network_is_not_asked_for_through_a_proxy_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    support = {"support_url": Text("http://169.254.169.254/", Place("support_url.txt", 1))}
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (found,) = check_addresses(WantedPage({"en-US": support}))
    assert "public internet" in found.message


def test_a_name_that_leads_into_the_runners_network_after_the_check_gets_no_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(5)
        port = inside.getsockname()[1]
        answers = iter(["8.8.8.8"])

        def resolve(*question: object, **rest: object) -> list[object]:
            address = (next(answers, "127.0.0.1"), port)
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setenv("no_proxy", "*")
        support = {"support_url": Text(f"http://support.example.com:{port}/", Place("support_url.txt", 1))}
        (found,) = check_addresses(WantedPage({"en-US": support}))
        connection, _ = inside.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""
    assert (found.level, "public internet" in found.message) == ("error", True)
