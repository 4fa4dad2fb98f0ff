"""The relay as a function of AWS Lambda behind a function URL: the handler is `asc_relay.function.handler`.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from asc_relay.relay import LARGEST_BODY, SIGNATURE, Answer, Relay
from asc_relay.settings import open_relay

logging.getLogger().setLevel(logging.INFO)


def handler(request: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request of the function URL. An error of the settings is raised, so that it stands in the log."""
    answer = _answer(request)
    return {
        "statusCode": answer.status,
        "headers": {"content-type": "text/plain"},
        "body": f"{answer.text}\n",
    }


def _answer(request: Mapping[str, Any]) -> Answer:
    method = request.get("requestContext", {}).get("http", {}).get("method")
    if method != "POST":
        return Answer(405, "only POST")
    content = str(request.get("body") or "")
    if len(content) > LARGEST_BODY * 2:
        return Answer(413, f"more than {LARGEST_BODY} bytes")
    try:
        body = (
            base64.b64decode(content, validate=True) if request.get("isBase64Encoded") else content.encode()
        )
    except (binascii.Error, ValueError):
        return Answer(400, "not base64")
    headers = {str(name).lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    return _relay().answer(headers.get(SIGNATURE, ""), body)


@cache
def _relay() -> Relay:
    """Return the relay of this instance. It holds nothing that the next instance would miss."""
    return open_relay(os.environ)
