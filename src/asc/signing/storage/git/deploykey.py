"""Read a deploy key in any form that secrets have: a file's text, one line, with \\n, in base64, in quotes."""

from __future__ import annotations

import base64
import binascii
import re

from asc.signing.storage.model import StorageError

_PEM = re.compile(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(.*?)(-----END [A-Z0-9 ]*PRIVATE KEY-----)", re.DOTALL
)
LINE = 70
"""Characters of base64 in a line of ssh-keygen."""


def private_key(text: str) -> str:
    """Return the key in the form that ssh reads, with a line break at its end. Raises StorageError if there is none."""
    bare = text.strip().strip("\"'").replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n")
    found = _PEM.search(bare) or _PEM.search(_decoded(bare))
    if found is None:
        raise StorageError(
            "deploy-key",
            "it is not a private key.",
            "Give the whole private key file of ssh-keygen, from -----BEGIN to -----END, not the .pub file.",
        )
    begin, body, end = found.groups()
    # Keep the lines: the headers of an encrypted PEM are lines too.
    if "\n" in body.strip():
        return f"{begin}\n{body.strip()}\n{end}\n"
    joined = "".join(body.split())
    lines = [joined[start : start + LINE] for start in range(0, len(joined), LINE)]
    return "\n".join([begin, *lines, end, ""])


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("ascii").replace("\r\n", "\n")
    except (binascii.Error, ValueError):
        return ""
