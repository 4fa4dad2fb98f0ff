"""A client that does what it is told: for asking the sandbox things that a good client never would."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from asc_sandbox.server import Sandbox
from support.waiting import LONGEST

Json = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """An answer; `document` is None where the body is empty or not JSON."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    document: Any

    @property
    def error(self) -> Json:
        """The only error object."""
        (error,) = self.document["errors"]
        return dict(error)

    def ids(self) -> list[str]:
        return [record["id"] for record in self.document["data"]]

    def attribute(self, name: str) -> list[Any]:
        return [record["attributes"][name] for record in self.document["data"]]


def token(api_key: Json, *, headers: Json | None = None, **claims: Any) -> str:
    """A token that Apple accepts, with headers and claims replaced; None removes a claim."""
    now = int(time.time())
    usual = {"iss": api_key.get("issuer_id"), "iat": now, "exp": now + 600, "aud": "appstoreconnect-v1"}
    payload = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(payload, api_key["key"], "ES256", headers={"kid": api_key["key_id"], **(headers or {})})


class Client:
    """One connection to a sandbox with one key."""

    def __init__(self, sandbox: Sandbox, key_id: str | None = None, *, timeout: float = LONGEST) -> None:
        self.token: str | None = token(sandbox.api_key(key_id))
        self.connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=timeout)

    def __del__(self) -> None:
        # A test should not have to say when its connection ends; an open socket at the end is a warning.
        self.connection.close()

    def request(self, method: str, path: str, body: Any = None) -> Response:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        content = None if body is None else json.dumps(body)
        self.connection.request(method, path, content, headers)
        response = self.connection.getresponse()
        raw = response.read()
        return Response(response.status, response.headers, raw, _decoded(raw))

    def get(self, path: str, **parameters: str) -> Response:
        """GET with parameters; `filter__app` stands for `filter[app]`."""
        query = {_bracketed(name): value for name, value in parameters.items()}
        return self.request("GET", f"{path}?{urlencode(query, quote_via=quote)}" if query else path)

    def post(self, type_name: str, attributes: Json | None = None, **related: Any) -> Response:
        """Make a record. Relationships are (type, id), or a list of such pairs."""
        data: Json = {"type": type_name}
        if attributes is not None:
            data["attributes"] = attributes
        if related:
            data["relationships"] = {name: {"data": references(value)} for name, value in related.items()}
        return self.request("POST", f"/v1/{type_name}", {"data": data})

    def patch(self, type_name: str, record_id: str, /, **attributes: Any) -> Response:
        """Change the attributes of a record."""
        data = {"type": type_name, "id": record_id, "attributes": attributes}
        return self.request("PATCH", f"/v1/{type_name}/{record_id}", {"data": data})

    def delete(self, type_name: str, record_id: str) -> Response:
        return self.request("DELETE", f"/v1/{type_name}/{record_id}")

    def link(self, method: str, path: str, value: Any) -> Response:
        """POST, DELETE or PATCH a relationship, as link("POST", "builds/1/relationships/betaGroups", […])."""
        return self.request(method, f"/v1/{path}", {"data": references(value)})

    def put(self, operation: Json, content: bytes, **changed: str | None) -> Response:
        """Send the part of a file that an upload operation asks for, with headers changed or (None) left out."""
        usual = {each["name"]: each["value"] for each in operation["requestHeaders"]}
        renamed = {name.replace("_", "-"): value for name, value in changed.items()}
        headers = {name: value for name, value in {**usual, **renamed}.items() if value is not None}
        part = content[operation["offset"] : operation["offset"] + operation["length"]]
        address = urlsplit(operation["url"])
        self.connection.request("PUT", f"{address.path}?{address.query}", part, headers)
        response = self.connection.getresponse()
        return Response(response.status, response.headers, response.read(), None)


def references(value: Any) -> Any:
    """JSON:API references of (type, id), or of a list of such pairs."""
    if isinstance(value, tuple):
        return {"type": value[0], "id": value[1]}
    return [references(each) for each in value]


def _bracketed(name: str) -> str:
    family, _, member = name.partition("__")
    return f"{family}[{member.replace('__', '.')}]" if member else family


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
