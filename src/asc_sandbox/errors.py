"""Make refusals in Apple's words: each is an exception that knows its error object.

Codes, titles and details are copied from the live service, see
https://developer.apple.com/documentation/appstoreconnectapi/interpreting-and-handling-errors
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Refusal(Exception):
    """An answer that refuses the request.

    `source` is {"parameter": …} or {"pointer": …}. `meta` holds further facts; Apple rarely sends it. `more` are
    the other mistakes of the same request, which go into the same answer.
    """

    status: int
    code: str
    title: str
    detail: str
    source: Mapping[str, str] | None = None
    meta: Mapping[str, Any] | None = None
    more: tuple[Refusal, ...] = ()

    def document(self) -> Json:
        """Return the body: {"errors": [{id, status, code, title, detail, source?, meta?}]}."""
        error: Json = {
            # Each error of Apple's has an id of its own, to be quoted to its support.
            "id": str(uuid.uuid4()),
            "status": str(self.status),
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
        }
        if self.source:
            error["source"] = dict(self.source)
        if self.meta:
            error["meta"] = dict(self.meta)
        return {"errors": [error, *(refusal.document()["errors"][0] for refusal in self.more)]}


def not_authorized(reason: str) -> Refusal:
    """Refuse a token. Apple never gives the reason; the sandbox gives it in `meta`."""
    return Refusal(
        401,
        "NOT_AUTHORIZED",
        "Authentication credentials are missing or invalid.",
        "Provide a properly configured and signed bearer token, and make sure that it has not expired. "
        "Learn more about Generating Tokens for API Requests https://developer.apple.com/go/?id=api-generating-tokens",
        meta={"sandbox": reason},
    )


def forbidden(role: str, area: str) -> Refusal:
    """Refuse a key whose role is too small. Apple does not name the role it needs; the sandbox does, in `meta`."""
    return Refusal(
        403,
        "FORBIDDEN_ERROR",
        "This request is forbidden for security reasons",
        "The API key in use does not allow this request",
        meta={"sandbox": f"role {role} has no access to {area}"},
    )


def rate_limited() -> Refusal:
    """Refuse a key that has used up its requests of the hour."""
    return Refusal(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The request rate limit has been reached.",
        "We've received too many requests for this API. "
        "Please wait and try again or slow down your request rate.",
    )


def no_such_resource(type_name: str, record_id: str) -> Refusal:
    """Refuse an id in the path that no record has."""
    return Refusal(
        404,
        "NOT_FOUND",
        "The specified resource does not exist",
        f"There is no resource of type '{type_name}' with id '{record_id}'",
    )


def no_such_path(path: str, problem: str) -> Refusal:
    """Refuse a path that Apple's API does not have."""
    return Refusal(
        404,
        "PATH_ERROR",
        "The URL path is not valid",
        problem,
        meta={"sandbox": f"Apple's document has no path {path}"},
    )


def operation_not_allowed(place: str, operation: str, allowed: Iterable[str]) -> Refusal:
    """Refuse a method that Apple does not have for a path."""
    return Refusal(
        403,
        "FORBIDDEN_ERROR",
        "The given operation is not allowed",
        f"The {place} does not allow '{operation}'. Allowed operations are: {', '.join(allowed)}",
    )


def unknown_parameter(name: str) -> Refusal:
    """Refuse a parameter that the endpoint does not take."""
    return Refusal(
        400,
        "PARAMETER_ERROR.ILLEGAL",
        "A parameter is not allowed for this request",
        f"The parameter '{name}' can not be used with this request",
        source={"parameter": name},
    )


def missing_parameter(name: str) -> Refusal:
    """Refuse a request without a required parameter."""
    return Refusal(
        400,
        "PARAMETER_ERROR.REQUIRED",
        "A required parameter is missing",
        f"The parameter '{name}' is required but was not provided",
        source={"parameter": name},
    )


def invalid_parameter(name: str, detail: str) -> Refusal:
    """Refuse a value that the parameter does not take."""
    return Refusal(
        400,
        "PARAMETER_ERROR.INVALID",
        "A parameter has an invalid value",
        detail,
        source={"parameter": name},
    )


def invalid_body(reason: str) -> Refusal:
    """Refuse a body that is not JSON."""
    return Refusal(
        400,
        "ENTITY_INVALID",
        "The request body is not valid JSON",
        f"The request entity is not a valid JSON document: {reason}",
    )


def contract_broken(problems: str) -> Refusal:
    """Refuse a request that Apple's document does not allow, although the sandbox alone would have let it pass."""
    return Refusal(400, "SANDBOX.CONTRACT", "The request breaks Apple's OpenAPI document", problems)


def not_implemented(feature: str) -> Refusal:
    """Refuse a path or parameter that Apple has and the sandbox does not."""
    # 501, because Apple never answers so: nobody takes it for an answer of Apple's.
    return Refusal(501, "SANDBOX.NOT_IMPLEMENTED", "The sandbox does not implement this", feature)


def internal_error(reason: str) -> Refusal:
    """Report a fault of the sandbox itself; `reason` describes it."""
    return Refusal(
        500,
        "UNEXPECTED_ERROR",
        "An unexpected error occurred.",
        "An unexpected error occurred on the server side. If this issue continues, contact us at "
        "https://developer.apple.com/contact/.",
        meta={"sandbox": reason},
    )


def of_status(status: int, code: str | None = None, detail: str | None = None) -> Refusal:
    """Return the refusal for a fault: with Apple's usual code and a detail of the sandbox unless they are given."""
    usual_code, title = _USUAL.get(status, ("UNEXPECTED_ERROR", "An unexpected error occurred."))
    return Refusal(status, code or usual_code, title, detail or f"{title} (a fault of the sandbox)")


_USUAL = {
    400: ("PARAMETER_ERROR.INVALID", "A parameter has an invalid value"),
    401: ("NOT_AUTHORIZED", "Authentication credentials are missing or invalid."),
    403: ("FORBIDDEN_ERROR", "This request is forbidden for security reasons"),
    404: ("NOT_FOUND", "The specified resource does not exist"),
    409: ("ENTITY_ERROR", "There is a problem with the request entity"),
    422: ("ENTITY_UNPROCESSABLE", "The request entity is not processable"),
    429: ("RATE_LIMIT_EXCEEDED", "The request rate limit has been reached."),
    503: ("SERVICE_UNAVAILABLE", "The service is currently unavailable."),
}
