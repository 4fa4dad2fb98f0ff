"""GitLab's secure files, as far as the storage uses them: pages, names used once, 100 files, two tokens.

`checks_names` off plays the moment in which two requests both find a name free. `says_of_new_files` and
`goes_in_circles` play something else than GitLab.
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, unquote, urlsplit

from signing.storage.servers import Handler, World

TOKEN = "glpat-of-the-tests"
JOB_TOKEN = "glcbt-of-the-tests"
PROJECT = "group/project"
PER_PAGE = 20


class GitLabWorld(World):
    def __init__(self) -> None:
        super().__init__()
        self.files: dict[int, tuple[str, bytes]] = {}
        self.checks_names = True
        self.says_of_new_files = b""
        self.goes_in_circles = False

    def put(self, name: str, data: bytes) -> int:
        with self.lock:
            number = next(self.numbers)
            self.files[number] = (name, data)
            return number

    def contents(self) -> dict[str, bytes]:
        with self.lock:
            return dict(self.files.values())


class GitLabHandler(Handler):
    world: GitLabWorld

    def answer(self) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        known = self.headers.get("PRIVATE-TOKEN") == TOKEN or self.headers.get("JOB-TOKEN") == JOB_TOKEN
        steps = parts.path.split("/")
        if not known:
            self.tell(401, {"message": "401 Unauthorized"})
        elif (
            steps[:4] != ["", "api", "v4", "projects"]
            or unquote(steps[4]) != PROJECT
            or steps[5] != "secure_files"
        ):
            self.tell(404, {"message": "404 Project Not Found"})
        elif self.world.read_only and self.command != "GET":
            self.tell(403, {"message": "403 Forbidden"})
        elif len(steps) == 6:
            self.create() if self.command == "POST" else self.page()
        else:
            self.one(int(steps[6]), steps[7:])

    def tell(self, status: int, document: object, **headers: str) -> None:
        self.say(status, json.dumps(document).encode(), Content_Type="application/json", **headers)

    def record(self, number: int) -> dict[str, object]:
        name, data = self.world.files[number]
        checksum = hashlib.sha256(data).hexdigest()
        return {"id": number, "name": name, "checksum": checksum, "checksum_algorithm": "sha256"}

    def page(self) -> None:
        number = int(self.query["page"])
        newest = sorted(self.world.files, reverse=True)
        shown = newest[(number - 1) * PER_PAGE : number * PER_PAGE]
        following = str(number + 1) if len(newest) > number * PER_PAGE else ""
        following = "1" if self.world.goes_in_circles else following
        self.tell(200, [self.record(each) for each in shown], X_Next_Page=following)

    def create(self) -> None:
        boundary = b"--" + self.headers["Content-Type"].partition("boundary=")[2].encode()
        fields = {}
        for part in self.body.split(boundary)[1:-1]:
            head, _, data = part.partition(b"\r\n\r\n")
            fields[head.partition(b'name="')[2].partition(b'"')[0].decode()] = data[:-2]
        if not fields.keys() >= {"name", "file"}:
            # The body was cut off.
            return self.tell(400, {"error": "name is missing, file is missing"})
        name = fields["name"].decode()
        if self.world.checks_names and name in self.world.contents():
            return self.tell(400, {"message": {"name": ["has already been taken"]}})
        if len(self.world.files) >= 100:
            return self.tell(400, {"message": {"base": ["Maximum number of ci secure files (100) exceeded"]}})
        made = self.record(self.world.put(name, fields["file"]))
        return self.say(201, self.world.says_of_new_files or json.dumps(made).encode())

    def one(self, number: int, rest: list[str]) -> None:
        if number not in self.world.files:
            return self.tell(404, {"message": "404 Not Found"})
        if self.command == "DELETE":
            del self.world.files[number]
            return self.say(204)
        assert rest == ["download"]
        return self.say(200, self.world.files[number][1])
