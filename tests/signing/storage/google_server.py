"""Google Cloud Storage's JSON API, as far as the storage uses it, with generation preconditions.

gcp-storage-emulator was tried: it overwrites in spite of ifGenerationMatch=0.
"""

from __future__ import annotations

import base64
import hashlib
import json
from email import message_from_bytes
from urllib.parse import parse_qs, unquote, urlsplit

from signing.storage.servers import Handler

BUCKET = "bucket"


class GoogleHandler(Handler):
    def answer(self) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        _, _, rest = parts.path.partition("/storage/v1/b/")
        bucket, _, name = rest.partition("/o")
        self.name = unquote(name.removeprefix("/"))
        if bucket != BUCKET:
            self.refuse(404, "The specified bucket does not exist.")
        elif self.world.read_only and self.command != "GET":
            self.refuse(403, "somebody does not have storage.objects.create access")
        elif self.command == "POST":
            self.insert()
        elif not self.name:
            wanted = self.query.get("prefix", "")
            items = [self.record(each) for each in sorted(self.world.objects) if each.startswith(wanted)]
            self.tell({"items": items})
        else:
            self.one()

    def refuse(self, status: int, message: str) -> None:
        self.say(status, json.dumps({"error": {"code": status, "message": message}}).encode())

    def tell(self, document: object) -> None:
        self.say(200, json.dumps(document).encode(), Content_Type="application/json")

    def record(self, name: str) -> dict[str, str]:
        data, version = self.world.objects[name]
        digest = base64.b64encode(hashlib.md5(data).digest()).decode()
        return {
            "name": name,
            "bucket": BUCKET,
            "generation": str(version),
            "size": str(len(data)),
            "md5Hash": digest,
        }

    def holds(self, name: str) -> bool:
        wanted = self.query.get("ifGenerationMatch")
        version = self.world.objects[name][1] if name in self.world.objects else 0
        return wanted is None or int(wanted) == version

    def insert(self) -> None:
        head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
        details, content = message_from_bytes(head + self.body).get_payload()  # type: ignore[misc]
        name = json.loads(details.get_payload(decode=True))["name"]  # type: ignore[union-attr, arg-type]
        # The parser of mail may change line ends: the content is cut out by hand.
        boundary = self.headers["Content-Type"].partition('boundary="')[2].rstrip('"') or "="
        data = self.body.split(b"--" + boundary.encode())[2].partition(b"\r\n\r\n")[2][:-2]
        del content
        if name in self.world.refused:
            return self.refuse(403, "somebody does not have storage.objects.create access")
        if not self.holds(name):
            return self.refuse(412, "At least one of the pre-conditions you specified did not hold.")
        self.world.put(name, data)
        return self.tell(self.record(name))

    def one(self) -> None:
        if self.name not in self.world.objects:
            return self.refuse(404, f"No such object: {BUCKET}/{self.name}")
        if not self.holds(self.name):
            return self.refuse(412, "At least one of the pre-conditions you specified did not hold.")
        if self.command == "DELETE":
            del self.world.objects[self.name]
            return self.say(204)
        if self.query.get("alt") == "media":
            record = self.record(self.name)
            data = self.world.objects[self.name][0]
            return self.say(
                200, data, X_Goog_Hash=f"md5={record['md5Hash']}", X_Goog_Generation=record["generation"]
            )
        return self.tell(self.record(self.name))
