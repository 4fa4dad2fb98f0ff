"""Check requests and answers against Apple's document, and remember every violation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from asc_sandbox.errors import contract_broken, internal_error
from asc_sandbox.exchange import Reply

if TYPE_CHECKING:
    from asc_sandbox.contract import Contract


@dataclass(frozen=True)
class Violation:
    """A request of the client or an answer of the sandbox that breaks Apple's document."""

    by: Literal["client", "sandbox"]
    problems: str


class Judge:
    """Check against a contract; without a contract everything passes."""

    def __init__(self, contract: Contract | None) -> None:
        self._contract = contract
        self.violations: list[Violation] = []

    def examine(self, method: str, url: str, body: Any, reply: Reply) -> Reply:
        """Return the reply to send: the given one, or a refusal if the request or the reply breaks the document."""
        if self._contract is None:
            return reply
        if problems := self._problems("client", self._contract.check_request, method, url, body):
            # A request that the endpoint refused keeps that refusal: clients see Apple's own words with and without
            # a contract.
            return reply if reply.status >= 400 else Reply.refusing(contract_broken(problems))
        document = json.loads(bytes(reply.body)) if reply.body else None
        answer = (method, url, reply.status, document, reply.content_type)
        if problems := self._problems("sandbox", self._contract.check_response, *answer):
            # Clients must not get used to a wrong answer of the sandbox.
            return Reply.refusing(internal_error(problems))
        return reply

    def _problems(self, by: Literal["client", "sandbox"], check: Any, *arguments: Any) -> str | None:
        # Imported here: the module needs jsonschema-rs, a development tool.
        from asc_sandbox.contract import ContractViolation

        try:
            check(*arguments)
        except ContractViolation as violation:
            self.violations.append(Violation(by, str(violation)))
            return str(violation)
        return None
