"""Lists of testers as CSV, in the forms of fastlane, of the asc tool, of App Store Connect, and in ours.

fastlane writes and reads `first,last,email,group;group` without a header; the others have one.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from asc.testflight.testers.tester import ADDRESS, Tester
from asc.words import counted, decoded

_ADDRESS = re.compile(ADDRESS)
_COLUMNS = {
    "email": ("email", "emailaddress", "mail", "testeremail", "username"),
    "first": ("first", "firstname", "givenname"),
    "last": ("last", "lastname", "surname", "familyname"),
    "name": ("name", "fullname"),
    "groups": ("groups", "group", "betagroups"),
}
QUOTE = '"'
_GROUP = re.compile(r"""(?P<whole>\s*"(?P<quoted>(?:[^"]|"")*)"\s*|[^;]*)(?:;|\Z)""")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell with such a beginning for a formula, and the names come from strangers."""


def read_csv(content: bytes) -> tuple[list[Tester], list[str]]:
    """Return the testers of a file and its problems, each with its line ("line 3: …").

    Commas, semicolons and tabs separate cells. The columns go by the header if there is one; otherwise the one with
    the addresses is found, and the two before it are first and last name.
    """
    try:
        rows = _rows(decoded(content))
    except UnicodeDecodeError:
        return [], ["it is not UTF-8"]
    except csv.Error as error:
        return [], [f"it is not a CSV file: {error}"]
    if not rows:
        return [], ["it is empty"]
    columns = _header(rows[0][1])
    if columns is None:
        return _testers(rows, _by_position([row for _, row in rows]), None)
    if len(rows) == 1:
        # With `exact` an empty list would remove everybody: more likely somebody cut the file off.
        return [], ["it has a header and no testers"]
    return _testers(rows[1:], columns, len(rows[0][1]))


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the content of a CSV file. Cells that a spreadsheet would take for a formula get an apostrophe."""
    content = io.BytesIO()
    text = io.TextIOWrapper(content, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return content.getvalue()


def groups_cell(names: Iterable[str]) -> str:
    """Return names of groups as one cell: `Beta;QA`. A name with a semicolon stands in quotes, as a cell would."""
    return ";".join(f'"{name.replace(QUOTE, 2 * QUOTE)}"' if _needs_quotes(name) else name for name in names)


def _groups(cell: str) -> tuple[str, ...]:
    """Return the names in a cell of groups, each once."""
    # fastlane and asc both separate the groups of a person by semicolons, and know no quotes: a name of theirs that
    # merely has quotes keeps them.
    names = []
    for part in _GROUP.finditer(cell):
        quoted = (part["quoted"] or "").replace(2 * QUOTE, QUOTE)
        names.append(quoted if _needs_quotes(quoted) else part["whole"].strip())
    return tuple(dict.fromkeys(name for name in names if name))


def _needs_quotes(name: str) -> bool:
    return ";" in name or name.startswith(QUOTE)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the number of its line. Raises csv.Error."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # A cell in quotes may hold a separator: it says nothing about those between the cells.
    first = re.sub(r'"[^"]*"', "", next(filter(str.strip, lines), ""))
    # fastlane separates groups by semicolons within a cell: a line with commas is separated by them.
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    # Excel writes the separator into a line of its own, and does not show it.
    hint = re.fullmatch(r"\s*sep=([,;\t|])\s*", lines[0])
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=hint[1] if hint else delimiter, strict=True)
    rows = []
    line = 1
    for row in reader:
        if any(cell.strip() for cell in row) and not (hint and line == 1):
            rows.append((line, row))
        line = reader.line_num + 1
    return rows


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
    # Counted cell by cell: each column of each row would take quadratic time for one wide row above many short ones.
    counts = Counter(at for row in rows for at, cell in enumerate(row) if _ADDRESS.fullmatch(cell.strip()))
    # A name can look like an address, so the column with the most addresses has them: the first of several.
    email = min(counts, key=lambda at: (-counts[at], at), default=0)
    if email == 0:
        return {"email": 0, "first": 1, "last": 2, "groups": 3}  # the order of the asc tool
    return {
        "email": email,
        "last": email - 1,
        "groups": email + 1,
        **({"first": email - 2} if email > 1 else {}),
    }


def _testers(
    rows: Iterable[tuple[int, Sequence[str]]], columns: Mapping[str, int], width: int | None
) -> tuple[list[Tester], list[str]]:
    """Return the testers of the rows and the problems. `width` is the number of cells of the header, if any."""
    testers: dict[str, Tester] = {}
    problems = []
    for number, row in rows:
        # A cell too few or too many would move names into groups, and people out of theirs.
        if width is not None and (len(row) < width or any(cell.strip() for cell in row[width:])):
            problems.append(f"line {number}: it has {counted(len(row), 'cell')}, and the header has {width}")
            continue
        tester = _tester(row, columns)
        if not _ADDRESS.fullmatch(tester.email):
            problems.append(f"line {number}: there is no email address")
        elif tester.address in testers:
            problems.append(f"line {number}: the address is there twice")
        else:
            testers[tester.address] = tester
    return list(testers.values()), problems


def _tester(row: Sequence[str], columns: Mapping[str, int]) -> Tester:
    def cell(name: str) -> str:
        at = columns.get(name, -1)
        return _plain(row[at].strip()) if 0 <= at < len(row) else ""

    first, last = cell("first"), cell("last")
    if "name" in columns and not (first or last):
        first, _, last = cell("name").partition(" ")
    return Tester(cell("email"), first, last.strip(), _groups(cell("groups")))


def _harmless(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if _looks_like_a_formula(text) else text


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe of `write_csv`."""
    return cell[1:] if cell.startswith("'") and _looks_like_a_formula(cell) else cell


def _looks_like_a_formula(text: str) -> bool:
    # A text with an apostrophe of its own gets a second one, so that reading gives it back.
    return text.lstrip("'").startswith(_FORMULA)
