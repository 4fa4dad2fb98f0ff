"""What is wrong with inputs of sync-signing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from asc.commands import kinds
from asc.errors import InputError, Problem
from asc.signing.vault.kinds import EXTRA_CERTIFICATE_TYPES

NOT_IN_HOUSE = Problem(
    "type",
    "enterprise is for teams of the Enterprise Program, and the API key does not say that this is one",
    'Use another type; or, if it is one, put "in_house": true into the JSON of the key.',
)
IN_HOUSE = Problem(
    "type",
    "teams of the Enterprise Program have neither app-store nor developer-id, and the API key has in_house: true",
    "Use enterprise, ad-hoc or development; or, if it is no such team, take in_house out of the JSON of the key.",
)


def check_program(types: Collection[str], in_house: bool) -> None:
    """Which program a team belongs to only its key says. Raises InputError for types of the other one."""
    if in_house and {"app-store", "developer-id"} & set(types):
        raise InputError([IN_HOUSE])
    if not in_house and "enterprise" in types:
        raise InputError([NOT_IN_HOUSE])


def unknown(name: str, words: tuple[str, ...], known: Collection[str]) -> Iterator[Problem]:
    """Words of a list that are none of the known ones."""
    for word in words:
        if word not in known:
            yield Problem(
                name,
                f"{kinds.quoted(word)} is not one of {', '.join(known)}",
                f"Give additional-certificates: {word}."
                if name == "type" and word in EXTRA_CERTIFICATE_TYPES
                else f"Give {name} as one of these.",
            )
