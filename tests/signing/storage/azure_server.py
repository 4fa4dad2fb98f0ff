"""Azure Blob Storage, as far as the storage uses it: list, get, conditional put, batched removal, SharedKey.

Held against Azurite by hand (see test_objects.py for the calls): ETags are quoted in headers and bare in lists.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from signing.storage.servers import Handler

ACCOUNT = "account"
KEY = base64.b64encode(b"the key of the account").decode()
CONTAINER = "container"


def tag(version: int) -> str:
    return f"0x{version:016X}"


class AzureHandler(Handler):
    def answer(self) -> None:
        self.parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(self.parts.query).items()}
        _, account, container, *rest = self.parts.path.split("/", 3)
        self.name = unquote(rest[0]) if rest else ""
        if not self.signed():
            self.refuse(403, "AuthenticationFailed")
        elif (account, container) != (ACCOUNT, CONTAINER):
            self.refuse(404, "ContainerNotFound")
        elif self.world.read_only and self.command not in {"GET", "HEAD"}:
            self.refuse(403, "AuthorizationPermissionMismatch")
        elif self.query.get("comp") == "list":
            self.list_blobs()
        elif self.query.get("comp") == "batch":
            self.batch()
        elif self.command == "PUT":
            self.put()
        else:
            self.get()

    def refuse(self, status: int, code: str) -> None:
        self.say(status, f"<Error><Code>{code}</Code><Message>{code} it is.</Message></Error>".encode())

    def signed(self) -> bool:
        ours = sorted(
            (name.lower(), value) for name, value in self.headers.items() if name.startswith("x-ms-")
        )
        length = self.headers.get("Content-Length", "")
        lines = [self.command, "", "", "" if length == "0" else length, ""]
        lines += [self.headers.get(name, "") for name in ("Content-Type", "Date", "If-Modified-Since")]
        lines += [
            self.headers.get(name, "")
            for name in ("If-Match", "If-None-Match", "If-Unmodified-Since", "Range")
        ]
        lines += [f"{name}:{value}" for name, value in ours]
        lines += [
            f"/{ACCOUNT}{self.parts.path}"
            + "".join(f"\n{name}:{self.query[name]}" for name in sorted(self.query))
        ]
        mac = hmac.new(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
        expected = f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"
        return self.headers.get("Authorization") == expected

    def list_blobs(self) -> None:
        blobs = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{formatdate(usegmt=True)}</Last-Modified>"
            f"<Content-Length>{len(data)}</Content-Length><Content-Type>x/y</Content-Type><Etag>{tag(version)}</Etag>"
            "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for name, (data, version) in sorted(self.world.objects.items())
            if name.startswith(self.query.get("prefix", ""))
        )
        text = f'<?xml version="1.0"?><EnumerationResults><Blobs>{blobs}</Blobs><NextMarker/></EnumerationResults>'
        self.say(200, text.encode(), content_type="application/xml")

    def put(self) -> None:
        held = self.world.objects.get(self.name)
        if self.headers.get("If-None-Match") == "*" and held:
            return self.refuse(409, "BlobAlreadyExists")
        wanted = self.headers.get("If-Match")
        if wanted and (not held or wanted != f'"{tag(held[1])}"'):
            return self.refuse(412, "ConditionNotMet")
        version = self.world.put(self.name, self.body)
        return self.say(201, ETag=f'"{tag(version)}"', Last_Modified=formatdate(usegmt=True))

    def get(self) -> None:
        held = self.world.objects.get(self.name)
        if not held:
            return self.refuse(404, "BlobNotFound")
        details = {
            "ETag": f'"{tag(held[1])}"',
            "Last_Modified": formatdate(usegmt=True),
            "length": str(len(held[0])),
        }
        return self.say(200, held[0], **details)

    def batch(self) -> None:
        target = re.search(rb"DELETE (\S+) HTTP/1.1", self.body)
        assert target
        name = unquote(target[1].decode()).split("/", 3)[3]
        found = self.world.objects.pop(name, None)
        status = "202 Accepted" if found else "404 The specified blob does not exist."
        head = "Content-Type: application/http\r\nContent-ID: 0\r\n\r\n"
        code = "" if found else "x-ms-error-code: BlobNotFound\r\nContent-Length: 0\r\n"
        text = f"--batch\r\n{head}HTTP/1.1 {status}\r\n{code}\r\n\r\n--batch--\r\n"
        self.say(202, text.encode(), Content_Type="multipart/mixed; boundary=batch")
