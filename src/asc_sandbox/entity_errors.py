"""Make the refusals for bodies that Apple does not accept. Each names its place with a JSON pointer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asc_sandbox.errors import Refusal

_MISSING = "The provided entity is missing a required"
_INVALID_ATTRIBUTE = "The provided entity includes an attribute with an invalid value"


def not_a_document() -> Refusal:
    """Refuse a body whose `data` is missing or malformed."""
    return Refusal(
        422,
        "ENTITY_UNPROCESSABLE",
        "The request entity is not processable",
        "The request entity is not a valid request document object",
    )


def wrong_type(expected: str, found: object) -> Refusal:
    """Refuse a body whose `data.type` is not the type of the path."""
    return Refusal(
        409,
        "ENTITY_ERROR.TYPE.INVALID",
        "The provided entity has the wrong type",
        f"The type has to be '{expected}', not {found!r}",
        source={"pointer": "/data/type"},
    )


def wrong_id(expected: str, found: object) -> Refusal:
    """Refuse a body whose `data.id` is not the id of the path."""
    return Refusal(
        409,
        "ENTITY_ERROR.ID.INVALID",
        "The provided entity has the wrong id",
        f"The id has to be '{expected}' as in the path, not {found!r}",
        source={"pointer": "/data/id"},
    )


def missing_attribute(name: str) -> Refusal:
    """Refuse a body without a required attribute."""
    return _about_attribute(
        name, "REQUIRED", f"{_MISSING} attribute", f"You must provide a value for the attribute '{name}'"
    )


def unknown_attribute(name: str, type_name: str) -> Refusal:
    """Refuse an attribute that the resource does not have."""
    return _about_attribute(
        name,
        "UNKNOWN",
        "The provided entity includes an unknown attribute",
        f"'{name}' is not an attribute on the resource '{type_name}'",
    )


def forbidden_attribute(name: str, method: str) -> Refusal:
    """Refuse an attribute that the resource has and this request may not set."""
    return _about_attribute(
        name,
        "NOT_ALLOWED",
        "An attribute in the provided entity is not allowed",
        f"The attribute '{name}' can not be included in a '{method}' request",
    )


def mistyped_attribute(name: str, problem: str) -> Refusal:
    """Refuse a value of another type than the attribute's."""
    return _about_attribute(
        name, "TYPE", "The provided entity includes an attribute of the wrong type", f"'{name}': {problem}"
    )


def invalid_attribute(
    name: str, detail: str, *, kind: str = "INVALID", meta: Mapping[str, Any] | None = None
) -> Refusal:
    """Refuse a value that the attribute cannot have; `kind` may be more exact, as INVALID.DUPLICATE."""
    return _about_attribute(name, kind, _INVALID_ATTRIBUTE, detail, meta)


def missing_relationship(name: str) -> Refusal:
    """Refuse a body without a required relationship."""
    return _about_relationship(
        name,
        "REQUIRED",
        f"{_MISSING} relationship",
        f"You must provide a value for the relationship '{name}' with this request",
    )


def unknown_relationship(name: str, type_name: str) -> Refusal:
    """Refuse a relationship that the request does not take."""
    return _about_relationship(
        name,
        "UNKNOWN",
        "The provided entity includes an unknown relationship",
        f"'{name}' is not a relationship on the resource '{type_name}'",
    )


def invalid_relationship(name: str, detail: str) -> Refusal:
    """Refuse a relationship to a record that does not exist or cannot be linked here."""
    return _about_relationship(
        name, "INVALID", "The provided entity includes a relationship with an invalid value", detail
    )


def invalid_linkage(detail: str) -> Refusal:
    """Refuse a linkage that names a record that does not exist or cannot be linked."""
    return Refusal(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "The provided entity includes a relationship with an invalid value",
        detail,
        source={"pointer": "/data"},
    )


def problem(detail: str) -> Refusal:
    """Refuse a whole body without a pointer."""
    # Apple's provisioning endpoints say hardly more than this.
    return Refusal(409, "ENTITY_ERROR", "There is a problem with the request entity", detail)


def conflict(code: str, detail: str) -> Refusal:
    """Refuse a change that the state of another resource does not allow."""
    return Refusal(
        409, code, "The request cannot be fulfilled because of the state of another resource", detail
    )


def unprocessable(reason: str, detail: str) -> Refusal:
    """Refuse a well-formed request that cannot be done."""
    return Refusal(422, f"ENTITY_UNPROCESSABLE.{reason}", "The request entity is not processable", detail)


def _about_attribute(
    name: str, kind: str, title: str, detail: str, meta: Mapping[str, Any] | None = None
) -> Refusal:
    pointer = {"pointer": f"/data/attributes/{name}"}
    return Refusal(409, f"ENTITY_ERROR.ATTRIBUTE.{kind}", title, detail, source=pointer, meta=meta)


def _about_relationship(name: str, kind: str, title: str, detail: str) -> Refusal:
    pointer = {"pointer": f"/data/relationships/{name}"}
    return Refusal(409, f"ENTITY_ERROR.RELATIONSHIP.{kind}", title, detail, source=pointer)
