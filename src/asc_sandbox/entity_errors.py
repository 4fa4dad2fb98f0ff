"""What Apple says about the body of a write that it does not take.

Each error names its place by a JSON pointer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asc_sandbox.errors import Refusal

_MISSING = "The provided entity is missing a required"
_INVALID_ATTRIBUTE = "The provided entity includes an attribute with an invalid value"


def not_a_document() -> Refusal:
    """The body has no `data` of the right form."""
    return Refusal(
        422,
        "ENTITY_UNPROCESSABLE",
        "The request entity is not processable",
        "The request entity is not a valid request document object",
    )


def wrong_type(expected: str, found: object) -> Refusal:
    """`data.type` is not the type of the path."""
    return Refusal(
        409,
        "ENTITY_ERROR.TYPE.INVALID",
        "The provided entity has the wrong type",
        f"The type has to be '{expected}', not {found!r}",
        source={"pointer": "/data/type"},
    )


def wrong_id(expected: str, found: object) -> Refusal:
    """`data.id` is not the id of the path."""
    return Refusal(
        409,
        "ENTITY_ERROR.ID.INVALID",
        "The provided entity has the wrong id",
        f"The id has to be '{expected}' as in the path, not {found!r}",
        source={"pointer": "/data/id"},
    )


def missing_attribute(name: str) -> Refusal:
    """An attribute has to be given."""
    return _about_attribute(
        name, "REQUIRED", f"{_MISSING} attribute", f"You must provide a value for the attribute '{name}'"
    )


def unknown_attribute(name: str, type_name: str) -> Refusal:
    """The resource has no such attribute."""
    return _about_attribute(
        name,
        "UNKNOWN",
        "The provided entity includes an unknown attribute",
        f"'{name}' is not an attribute on the resource '{type_name}'",
    )


def forbidden_attribute(name: str, method: str) -> Refusal:
    """The resource has the attribute, but this request may not set it."""
    return _about_attribute(
        name,
        "NOT_ALLOWED",
        "An attribute in the provided entity is not allowed",
        f"The attribute '{name}' can not be included in a '{method}' request",
    )


def mistyped_attribute(name: str, problem: str) -> Refusal:
    """The value is of another type."""
    return _about_attribute(
        name, "TYPE", "The provided entity includes an attribute of the wrong type", f"'{name}': {problem}"
    )


def invalid_attribute(
    name: str, detail: str, *, kind: str = "INVALID", meta: Mapping[str, Any] | None = None
) -> Refusal:
    """The value cannot be; `kind` may be more exact, as INVALID.DUPLICATE."""
    return _about_attribute(name, kind, _INVALID_ATTRIBUTE, detail, meta)


def missing_relationship(name: str) -> Refusal:
    """A relationship has to be given."""
    return _about_relationship(
        name,
        "REQUIRED",
        f"{_MISSING} relationship",
        f"You must provide a value for the relationship '{name}' with this request",
    )


def unknown_relationship(name: str, type_name: str) -> Refusal:
    """The request takes no such relationship."""
    return _about_relationship(
        name,
        "UNKNOWN",
        "The provided entity includes an unknown relationship",
        f"'{name}' is not a relationship on the resource '{type_name}'",
    )


def invalid_relationship(name: str, detail: str) -> Refusal:
    """The relationship leads nowhere, or to what it may not lead to."""
    return _about_relationship(
        name, "INVALID", "The provided entity includes a relationship with an invalid value", detail
    )


def invalid_linkage(detail: str) -> Refusal:
    """A linkage names a record that is not there, or may not be linked."""
    return Refusal(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "The provided entity includes a relationship with an invalid value",
        detail,
        source={"pointer": "/data"},
    )


def problem(detail: str) -> Refusal:
    """Something is wrong with the whole; Apple's provisioning says hardly more than this, without a pointer."""
    return Refusal(409, "ENTITY_ERROR", "There is a problem with the request entity", detail)


def conflict(code: str, detail: str) -> Refusal:
    """The state of things does not allow it."""
    return Refusal(
        409, code, "The request cannot be fulfilled because of the state of another resource", detail
    )


def unprocessable(reason: str, detail: str) -> Refusal:
    """All is well formed, but it cannot be done."""
    return Refusal(422, f"ENTITY_UNPROCESSABLE.{reason}", "The request entity is not processable", detail)


def _about_attribute(
    name: str, kind: str, title: str, detail: str, meta: Mapping[str, Any] | None = None
) -> Refusal:
    pointer = {"pointer": f"/data/attributes/{name}"}
    return Refusal(409, f"ENTITY_ERROR.ATTRIBUTE.{kind}", title, detail, source=pointer, meta=meta)


def _about_relationship(name: str, kind: str, title: str, detail: str) -> Refusal:
    pointer = {"pointer": f"/data/relationships/{name}"}
    return Refusal(409, f"ENTITY_ERROR.RELATIONSHIP.{kind}", title, detail, source=pointer)
