"""Holds requests and answers against Apple's document, and remembers who broke it."""

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
    """The client broke Apple's document with a request, or the sandbox with an answer."""

    by: Literal["client", "sandbox"]
    problems: str


class Judge:
    """Judges by a contract; without one everything passes."""

    def __init__(self, contract: Contract | None) -> None:
        self._contract = contract
        self.violations: list[Violation] = []

    def examine(self, method: str, url: str, body: Any, reply: Reply) -> Reply:
        """The reply to send: the one given, or another where somebody broke the document.

        A request that breaks it is refused in the sandbox's words only where the endpoint let it pass, so
        that clients see Apple's own words with and without a contract. A wrong answer of the sandbox becomes
        a 500.
        """
        if self._contract is None:
            return reply
        if problems := self._problems("client", self._contract.check_request, method, url, body):
            return reply if reply.status >= 400 else Reply.refusing(contract_broken(problems))
        document = json.loads(bytes(reply.body)) if reply.body else None
        answer = (method, url, reply.status, document, reply.content_type)
        if problems := self._problems("sandbox", self._contract.check_response, *answer):
            return Reply.refusing(internal_error(problems))
        return reply

    def _problems(self, by: Literal["client", "sandbox"], check: Any, *arguments: Any) -> str | None:
        from asc_sandbox.contract import ContractViolation  # only where there is a contract

        try:
            check(*arguments)
        except ContractViolation as violation:
            self.violations.append(Violation(by, str(violation)))
            return str(violation)
        return None
