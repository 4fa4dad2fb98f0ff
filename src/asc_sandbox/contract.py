"""Judge requests and answers by Apple's OpenAPI document, which `make contract` fetches.

Requests are judged strictly: anything that the document does not name is an error. Answers may have no members
beyond the document either, but they may deviate as the live service does: null values, dates like
`2019-11-29T13:56:50.220+0000`, and enum values that are newer than the document.

Import this module only if a contract is given, because jsonschema-rs is a development tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs

Json = dict[str, Any]
Side = Literal["request", "response"]

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_SCHEMA_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')
_MOST_NAMED = 10

UNDECLARED_BUT_REAL = range(500, 600)
"""Statuses that every service gives although the document declares them for no operation."""

# "Can't Delete Screenshot After Submit for review" was recorded where the document has no 409 (fastlane PR 16640).
_REFUSED_DELETION = ("DELETE", 409)


class ContractViolation(AssertionError):
    """Raised if a request or an answer breaks Apple's document. The text names the operation and each problem."""

    def __init__(self, operation: str, problems: list[str]) -> None:
        super().__init__("\n  ".join([f"{operation}:", *problems[:_MOST_NAMED]]))
        self.operation = operation
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Operation:
    """One method of one path of the document, such as `GET /v1/apps/{id}`."""

    method: str
    path: str
    definition: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return a pattern that matches the paths of this operation."""
        return re.compile(
            "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in self.path.split("/"))
        )

    @cached_property
    def parameters(self) -> Mapping[str, Json]:
        """Return the declared query parameters by name."""
        declared = self.definition.get("parameters", [])
        return {parameter["name"]: parameter for parameter in declared if parameter["in"] == "query"}


class Contract:
    """Judge requests and answers against one document."""

    def __init__(self, document: Json) -> None:
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        # Schemas are compiled when they are first needed, about a millisecond each.
        self._validators: dict[tuple[str, Side], jsonschema_rs.Draft4Validator] = {}
        # By method and number of segments, paths without {id} first: a look-up tries a few dozen patterns,
        # not 1263.
        self._operations: dict[tuple[str, int], list[Operation]] = {}
        for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
            # Parameters that all methods of a path share stand beside the methods.
            for method in methods.keys() - {"parameters"}:
                operation = Operation(method.upper(), path, methods[method])
                self._operations.setdefault((operation.method, path.count("/")), []).append(operation)

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Read the document that `make contract` wrote. Raises OSError or ValueError."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def operation(self, method: str, url: str) -> Operation | None:
        """Return the operation that a request addresses, None if Apple has no such operation."""
        path = urlsplit(url).path
        candidates = self._operations.get((method.upper(), path.count("/")), [])
        return next(
            (operation for operation in candidates if operation.pattern.fullmatch(path)),
            None,
        )

    def check_request(self, method: str, url: str, body: Any = None) -> None:
        """Judge a request; `body` is the decoded JSON or None. Raises ContractViolation."""
        operation = self.operation(method, url)
        if operation is None:
            raise ContractViolation(f"{method} {urlsplit(url).path}", ["Apple has no such operation"])
        problems = list(_query_problems(operation, urlsplit(url).query)) + self._request_body_problems(
            operation, body
        )
        if problems:
            raise ContractViolation(f"{operation} request", problems)

    def check_response(
        self,
        method: str,
        url: str,
        status: int,
        body: Any,
        content_type: str = "application/json",
    ) -> None:
        """Judge an answer; `body` is the decoded JSON, None for an empty one. Raises ContractViolation."""
        # The answer to a request that Apple does not know is not judged: the request already was.
        operation = self.operation(method, url)
        if (
            operation is None
            or status in UNDECLARED_BUT_REAL
            or (operation.method, status) == _REFUSED_DELETION
        ):
            return
        # Without a charset: the document names bare media types.
        problems = self._response_problems(operation, status, body, content_type.split(";")[0])
        if problems:
            raise ContractViolation(f"{operation} answer {status}", problems)

    def _request_body_problems(self, operation: Operation, body: Any) -> list[str]:
        declared = operation.definition.get("requestBody")
        if declared is None:
            return [] if body is None else ["takes no body"]
        if body is None:
            return ["a body is required"] if declared.get("required") else []
        return self._schema_problems(declared["content"]["application/json"]["schema"], "request", body)

    def _response_problems(
        self, operation: Operation, status: int, body: Any, content_type: str
    ) -> list[str]:
        declared = operation.definition["responses"].get(str(status))
        if declared is None:
            return ["Apple declares no such status"]
        content = declared.get("content")
        if content is None:
            return [] if body is None else ["Apple declares no body"]
        if content_type not in content:
            return [f"the content type is {content_type!r}, Apple declares {', '.join(content)}"]
        return self._schema_problems(content[content_type]["schema"], "response", body)

    def _schema_problems(self, schema: Json, side: Side, body: Any) -> list[str]:
        # A media type that is not JSON, such as a text, has its schema in place.
        if "$ref" not in schema:
            return []
        errors = self._validator(schema["$ref"].rsplit("/", 1)[1], side).iter_errors(body)
        # A message repeats the wrong value, possibly a document of many kilobytes.
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors]

    def _validator(self, name: str, side: Side) -> jsonschema_rs.Draft4Validator:
        if (name, side) not in self._validators:
            root = {
                # The schemas of OpenAPI 3.0 are a dialect of draft 4.
                "$schema": "http://json-schema.org/draft-04/schema#",
                "components": {"schemas": self._reachable(name, side)},
                "allOf": [{"$ref": f"#/components/schemas/{name}"}],
            }
            self._validators[name, side] = jsonschema_rs.Draft4Validator(
                root,
                validate_formats=True,
                # Apple writes offsets without a colon, and RFC 3339 does not allow that.
                formats={"date-time": lambda text: bool(_DATE_TIME.fullmatch(text))},
            )
        return self._validators[name, side]

    def _reachable(self, name: str, side: Side) -> Json:
        """Return the closed schemas that a schema refers to, including itself."""
        # Compiling all 1393 schemas takes seconds.
        close = close_request if side == "request" else close_response
        found: Json = {}
        waiting = [name]
        while waiting:
            if (current := waiting.pop()) not in found:
                found[current] = close(self._schemas[current])
                waiting += _SCHEMA_REFERENCE.findall(json.dumps(found[current]))
        return found


def _query_problems(operation: Operation, query: str) -> Iterator[str]:
    given_names = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "cursor" and "limit" in operation.parameters:
            # Part of links.next on every list, although the document does not name it.
            continue
        if name not in operation.parameters:
            yield f"unknown parameter {name}"
            continue
        if name in given_names:
            yield f"{name} is repeated; several values belong into one parameter, separated by commas"
        given_names.add(name)
        yield from _value_problems(name, value, operation.parameters[name]["schema"])
    for name, parameter in operation.parameters.items():
        if parameter.get("required") and name not in given_names:
            yield f"{name} is required"


def _value_problems(name: str, value: str, schema: Json) -> Iterator[str]:
    is_list = schema["type"] == "array"
    item = schema["items"] if is_list else schema
    for part in value.split(",") if is_list else [value]:
        if "enum" in item and part not in item["enum"]:
            yield f"{name}={part}: not one of Apple's values"
        elif item["type"] == "integer" and not (
            part.isdecimal() and 1 <= int(part) <= item.get("maximum", 1 << 53)
        ):
            yield f"{name}={part}: not a number from 1 to {item.get('maximum', 'any')}"
        elif item["type"] == "boolean" and part not in ("true", "false"):
            yield f"{name}={part}: not true or false"


def close_request(schema: Any) -> Any:
    """Return the schema with unknown members forbidden and null allowed only if Apple writes OpenAPI's `nullable`.

    A relationship to one record may be null as well.
    """
    # fastlane clears categories with a null relationship, though the document has no null there.
    return _close(
        schema, close_request, lambda member, _: _or_null(member) if _is_reference(member) else member
    )


def _is_reference(schema: Any) -> bool:
    """Return True if a schema is that of the `data` of a relationship to one record."""
    return isinstance(schema, dict) and schema.get("properties", {}).keys() == {"type", "id"}


def close_response(schema: Any) -> Any:
    """Return the schema with unknown members forbidden, optional ones nullable, and enums open (except types)."""

    def admit(member: Any, required: bool) -> Any:
        # The live service sends null for optional members without a value.
        return member if required else _or_null(member)

    if isinstance(schema, dict) and "enum" in schema and not _names_a_type(schema):
        schema = {key: value for key, value in schema.items() if key != "enum"}
    return _close(schema, close_response, admit)


def _names_a_type(schema: Json) -> bool:
    """Return True if the enum is the `type` of a resource, as ["apps"]."""
    # It stays closed: it tells the kinds of `included` records apart.
    return len(schema["enum"]) == 1


def _close(schema: Any, recurse: Callable[[Any], Any], admit: Callable[[Any, bool], Any]) -> Any:
    if isinstance(schema, list):
        return [recurse(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: value if key == "enum" else recurse(value)
        for key, value in schema.items()
        # The first two are words of OpenAPI that a JSON schema does not have.
        if key not in ("discriminator", "nullable", "properties")
    }
    if "properties" in schema:
        required = schema.get("required", ())
        closed["properties"] = {
            name: admit(recurse(member), name in required) for name, member in schema["properties"].items()
        }
        # The document leaves its schemas open, and unknown members would pass unnoticed.
        closed.setdefault("additionalProperties", False)
    return _or_null(closed) if schema.get("nullable") else closed


def _or_null(schema: Json) -> Json:
    """Return a schema that also takes null."""
    # A plain type is widened in place, because an anyOf makes messages vague.
    if isinstance(schema.get("type"), str):
        widened = {**schema, "type": [schema["type"], "null"]}
        # An enum has to name null as well.
        return {**widened, "enum": [*schema["enum"], None]} if "enum" in schema else widened
    return {"anyOf": [schema, {"type": "null"}]}
