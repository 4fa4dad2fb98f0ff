"""The frame of every page: head, header and footer."""

from __future__ import annotations

from asc_sandbox.pages.html import Child, Html, element, joined

HOME = "/"
FOLDER = "/sandbox/"
"""Prefix of the paths of these pages; Apple's paths begin with /v1, /v2 or /v3."""

TITLE = "App Store Connect sandbox"


def page(title: str, path: str, address: str, *children: Child) -> Html:
    """Return a whole document. `path` loads the page again, `address` is the sandbox's address for clients."""
    named = title if title == TITLE else f"{title} · {TITLE}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", named),
        element("link", rel="icon", href=f"{FOLDER}icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href=f"{FOLDER}style.css"),
        element("script", src=f"{FOLDER}live.js", defer=True),
    )
    body = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        _header(address),
        # With a tabindex the link that skips the header can move the focus here.
        element("main", *children, id="content", tabindex="-1"),
        _footer(),
        data_page=path,
    )
    return joined(Html("<!DOCTYPE html>"), element("html", head, body, lang="en"))


def _header(address: str) -> Html:
    home = element("a", element("span", class_="mark", aria_hidden="true"), TITLE, href=HOME, class_="home")
    live = element("span", id="live-state", class_="quiet", role="status")
    button = element("button", "Pause", type="button", id="live-switch", hidden=True)
    return element("header", home, element("code", address, class_="address"), element("div", live, button))


def _footer() -> Html:
    return element(
        "footer",
        "A local stand-in for App Store Connect. Nothing here has reached Apple. This page asks for no token, "
        "uses no request budget and is in no log.",
    )
