"""Refusals in the words of Apple: each is an exception that knows its error object.

Codes, titles and details are as the live service writes them, see
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
    """An answer that says no.

    `source` is {"parameter": …} or {"pointer": …}; `meta` anything, mostly nothing. `more` are the other
    mistakes of the same request, which stand in the same answer.
    """

    status: int
    code: str
    title: str
    detail: str
    source: Mapping[str, str] | None = None
    meta: Mapping[str, Any] | None = None
    more: tuple[Refusal, ...] = ()

    def document(self) -> Json:
        """The body: {"errors": [{id, status, code, title, detail, source?, meta?}]}."""
        error: Json = {
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
        return {"errors": [error, *(each.document()["errors"][0] for each in self.more)]}


def not_authorized(reason: str) -> Refusal:
    """The token is refused. Apple never says why; the sandbox does, in `meta`."""
    return Refusal(
        401,
        "NOT_AUTHORIZED",
        "Authentication credentials are missing or invalid.",
        "Provide a properly configured and signed bearer token, and make sure that it has not expired. "
        "Learn more about Generating Tokens for API Requests https://developer.apple.com/go/?id=api-generating-tokens",
        meta={"sandbox": reason},
    )


def forbidden(role: str, area: str) -> Refusal:
    """The key's role is too small.

    Apple does not say which would do; the sandbox says what is missing, in `meta`.
    """
    return Refusal(
        403,
        "FORBIDDEN_ERROR",
        "This request is forbidden for security reasons",
        "The API key in use does not allow this request",
        meta={"sandbox": f"role {role} has no access to {area}"},
    )


def rate_limited() -> Refusal:
    """The key has used up its hour."""
    return Refusal(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The request rate limit has been reached.",
        "We've received too many requests for this API. "
        "Please wait and try again or slow down your request rate.",
    )


def no_such_resource(type_name: str, record_id: str) -> Refusal:
    """The id in the path leads nowhere."""
    return Refusal(
        404,
        "NOT_FOUND",
        "The specified resource does not exist",
        f"There is no resource of type '{type_name}' with id '{record_id}'",
    )


def no_such_path(path: str, problem: str) -> Refusal:
    """Apple has no such path; the sandbox, which plays nothing of its own in the API, neither."""
    return Refusal(
        404,
        "PATH_ERROR",
        "The URL path is not valid",
        problem,
        meta={"sandbox": f"Apple's document has no path {path}"},
    )


def operation_not_allowed(place: str, operation: str, allowed: Iterable[str]) -> Refusal:
    """Apple has the path, but not with this method."""
    return Refusal(
        403,
        "FORBIDDEN_ERROR",
        "The given operation is not allowed",
        f"The {place} does not allow '{operation}'. Allowed operations are: {', '.join(allowed)}",
    )


def unknown_parameter(name: str) -> Refusal:
    """The endpoint takes no such parameter."""
    return Refusal(
        400,
        "PARAMETER_ERROR.ILLEGAL",
        "A parameter is not allowed for this request",
        f"The parameter '{name}' can not be used with this request",
        source={"parameter": name},
    )


def missing_parameter(name: str) -> Refusal:
    """The endpoint answers only with this parameter."""
    return Refusal(
        400,
        "PARAMETER_ERROR.REQUIRED",
        "A required parameter is missing",
        f"The parameter '{name}' is required but was not provided",
        source={"parameter": name},
    )


def invalid_parameter(name: str, detail: str) -> Refusal:
    """The endpoint takes the parameter, but not this value."""
    return Refusal(
        400,
        "PARAMETER_ERROR.INVALID",
        "A parameter has an invalid value",
        detail,
        source={"parameter": name},
    )


def invalid_body(reason: str) -> Refusal:
    """The body is not JSON."""
    return Refusal(
        400,
        "ENTITY_INVALID",
        "The request body is not valid JSON",
        f"The request entity is not a valid JSON document: {reason}",
    )


def contract_broken(problems: str) -> Refusal:
    """The client sent what Apple's document does not allow, and the sandbox alone would have let it pass."""
    return Refusal(400, "SANDBOX.CONTRACT", "The request breaks Apple's OpenAPI document", problems)


def not_played(what: str) -> Refusal:
    """Apple has it, the sandbox does not. 501, so that nobody takes it for an answer of Apple's."""
    return Refusal(501, "SANDBOX.NOT_PLAYED", "The sandbox does not play this", what)


def internal_error(reason: str) -> Refusal:
    """The sandbox is at fault; `reason` says how."""
    return Refusal(
        500,
        "UNEXPECTED_ERROR",
        "An unexpected error occurred.",
        "An unexpected error occurred on the server side. If this issue continues, contact us at "
        "https://developer.apple.com/contact/.",
        meta={"sandbox": reason},
    )


def of_status(status: int, code: str | None = None) -> Refusal:
    """A refusal for a fault that only names a status; without `code` with Apple's usual one for it."""
    usual_code, title = _USUAL.get(status, ("UNEXPECTED_ERROR", "An unexpected error occurred."))
    return Refusal(status, code or usual_code, title, f"{title} (a fault of the sandbox)")


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
