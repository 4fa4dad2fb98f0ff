"""Check that the addresses of a page can be reached, as reviewers will do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from asc.api.session import NotPublic, Settings, is_public, no_credentials, open_session
from asc.store.limits import BY_NAME, is_address
from asc.store.wanted import Finding, Text, WantedPage

SECONDS = 10.0
"""Seconds for which a server may be silent."""
AT_ONCE = 8
"""Addresses that are asked side by side."""
MOST_REDIRECTS = 5
"""Redirects that are followed for one address."""
_NO_HEAD = (403, 404, 405, 501)
"""Answers of servers that do not like HEAD: they are asked with GET."""
_FIX = "Correct the address, or repair the page."
NOT_PUBLIC = "is not in the public internet"
_GONE = (404, 410)
"""Answers that mean the same tomorrow. Others, such as 500 and 429, may be a bad moment: they are warnings."""


def check_addresses(page: WantedPage, ca_bundle: str | None = None) -> list[Finding]:
    """Return the addresses of a page that cannot be reached. Each is asked for once, side by side with others.

    Requests go through the proxy of the job, if it has one. `ca_bundle` is a file of certificate authorities.
    """
    uses: dict[str, list[tuple[str, Text]]] = {}
    for locale, name, text in _addresses(page):
        uses.setdefault(text.value, []).append((f"{locale}: {name}", text))
    if not uses:
        return []
    with (
        open_session(Settings(ca_bundle=ca_bundle), AT_ONCE, public_only=True) as session,
        ThreadPoolExecutor(min(AT_ONCE, len(uses))) as pool,
    ):
        answers = dict(zip(uses, pool.map(partial(_defect, session), uses), strict=True))
    return [
        Finding("unreachable_urls", f"{label} {reason}", text.place, _FIX, level)
        for address, labelled in uses.items()
        for label, text in labelled
        for reason, level in [answers[address]]
        if reason
    ]


def _addresses(page: WantedPage) -> Iterator[tuple[str, str, Text]]:
    for locale, texts in page.labelled_texts():
        for name, text in texts.items():
            if BY_NAME[name].is_url and is_address(text.value):
                yield locale, name, text


def _defect(session: requests.Session, address: str) -> tuple[str, str]:
    """Return the reason why an address is not good, with its level; "" if it is."""
    url = address
    for _ in range(MOST_REDIRECTS + 1):
        # Checked at each hop: a page of the internet could redirect into the network of the runner.
        if reason := _not_public(session, url):
            return reason, "error"
        try:
            status, following = _ask(session, url)
        except NotPublic:
            # The name led elsewhere when it was resolved again, for the connection.
            return NOT_PUBLIC, "error"
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            return f"does not answer ({type(error).__name__})", "warning"
        if not following:
            break
        url = urljoin(url, following)
    else:
        return f"redirects more than {MOST_REDIRECTS} times", "warning"
    if status in _GONE:
        return f"answers {status}", "error"
    if status >= 400:
        return f"answers {status}", "warning"
    return ("is not https", "warning") if urlsplit(url).scheme == "http" else ("", "")


def _ask(session: requests.Session, url: str) -> tuple[int, str]:
    """Return the status of an address, and the address that it redirects to, or ""."""
    for method in ("HEAD", "GET"):
        # `stream` reads the head of the answer alone, and without `auth` requests would send a password of ~/.netrc.
        with session.request(
            method, url, allow_redirects=False, timeout=SECONDS, stream=True, auth=no_credentials
        ) as answer:
            if method == "GET" or answer.status_code not in _NO_HEAD:
                break
    return answer.status_code, answer.headers.get("Location", "") if 300 <= answer.status_code < 400 else ""


def _has_proxy(session: requests.Session, url: str) -> bool:
    """Return True if the variables of the job send requests to this address through a proxy."""
    merged = session.merge_environment_settings(url, {}, None, None, None)
    return requests.utils.select_proxy(url, merged["proxies"]) is not None


def _not_public(session: requests.Session, url: str) -> str:
    """Return why an address must not be asked for. A pull request could name what only the runner reaches."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "leads to something that is not a web page"
    try:
        resolved = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        # Behind a proxy, machines often resolve no names of the internet: the proxy does.
        return "" if _has_proxy(session, url) else "has a host that is not known"
    return "" if all(is_public(str(entry[4][0])) for entry in resolved) else NOT_PUBLIC
