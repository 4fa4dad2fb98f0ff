"""Lists of testers as CSV, in the forms of fastlane, of the asc tool, of App Store Connect, and in ours.

fastlane writes and reads `first,last,email,group;group` without a header; the others have one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ADDRESS = re.compile(r"[^\s<>,;@]+@[^\s<>,;@]+\.[^\s<>,;@]+")
_COLUMNS = {
    "email": ("email", "emailaddress", "mail", "testeremail", "username"),
    "first": ("first", "firstname", "givenname"),
    "last": ("last", "lastname", "surname", "familyname"),
    "groups": ("groups", "group", "betagroups"),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell with such a beginning for a formula, and the names come from strangers."""


@dataclass(frozen=True)
class ListedTester:
    """A tester of a list. `groups` come in addition to the groups of the step."""

    email: str
    first_name: str = ""
    last_name: str = ""
    groups: tuple[str, ...] = ()


def read_csv(content: bytes) -> tuple[list[ListedTester], list[str]]:
    """Return the testers of a file and its problems, each with its line ("line 3: …").

    Commas, semicolons and tabs separate cells. The columns go by the header if there is one; otherwise the one with
    the addresses is found, and the two before it are first and last name.
    """
    try:
        text = (
            content.decode("utf-16")
            if content[:2] in (b"\xff\xfe", b"\xfe\xff")
            else content.decode("utf-8-sig")
        )
    except UnicodeDecodeError:
        return [], ["it is not UTF-8"]
    rows = [(number, row) for number, row in _rows(text) if any(cell.strip() for cell in row)]
    if not rows:
        return [], ["it is empty"]
    columns = _header(rows[0][1])
    if columns is not None:
        rows = rows[1:]
    else:
        columns = _by_position([row for _, row in rows])
    return _testers(rows, columns)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the text of a CSV file. Cells that a spreadsheet would take for a formula get an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return out.getvalue()


def _rows(text: str) -> list[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    # fastlane separates groups by semicolons within a cell: a line with commas is separated by them.
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), delimiter=delimiter)
    return [(reader.line_num, row) for row in reader]


def _header(row: Sequence[str]) -> dict[str, int] | None:
    plain = [re.sub(r"[^a-z]", "", cell.casefold()) for cell in row]
    found = {
        name: plain.index(spelling)
        for name, spellings in _COLUMNS.items()
        for spelling in spellings
        if spelling in plain
    }
    return found if "email" in found and not any(_ADDRESS.fullmatch(cell.strip()) for cell in row) else None


def _by_position(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    widest = max(len(row) for row in rows)
    counts = [
        sum(1 for row in rows if len(row) > at and _ADDRESS.fullmatch(row[at].strip()))
        for at in range(widest)
    ]
    email = counts.index(max(counts))
    if email == 0:
        return {"email": 0, "first": 1, "last": 2, "groups": 3}  # the order of the asc tool
    return {
        "email": email,
        "last": email - 1,
        "groups": email + 1,
        **({"first": email - 2} if email > 1 else {}),
    }


def _testers(
    rows: Iterable[tuple[int, Sequence[str]]], columns: dict[str, int]
) -> tuple[list[ListedTester], list[str]]:
    found: dict[str, ListedTester] = {}
    problems = []
    for number, row in rows:

        def cell(name: str, row: Sequence[str] = row) -> str:
            at = columns.get(name, -1)
            return row[at].strip().removeprefix("'") if 0 <= at < len(row) else ""

        email = cell("email")
        if not _ADDRESS.fullmatch(email):
            problems.append(f"line {number}: there is no email address")
        elif email.casefold() in found:
            problems.append(f"line {number}: the address is there twice")
        else:
            groups = tuple(name.strip() for name in cell("groups").split(";") if name.strip())
            found[email.casefold()] = ListedTester(email, cell("first"), cell("last"), groups)
    return list(found.values()), problems


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
