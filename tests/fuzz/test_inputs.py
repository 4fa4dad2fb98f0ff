"""Every input, and every file that an input names, is read or refused with all its problems."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asc.apps import texts
from asc.commands import NAMES, kinds, load
from asc.commands.declaration import inputs_of
from asc.commands.reading import read_inputs
from asc.testflight import mappings
from asc.testflight.criteria import filters_of, parse_criteria, read_filters
from asc.testflight.testers.files import groups_cell, read_csv, write_csv
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import joined

MAPPING_PIECES = joined(
    "en-US",
    "default",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!int ",
    "<<: ",
    "|\n ",
    ">\n ",
    "'",
    '"',
    "%",
    "? ",
    "#",
    "\t",
    "whats_new",
    "contact_email",
    "a@b.example",
    "\\",
    "\x85",
    "\u2028",
)
TEXT = st.text() | MAPPING_PIECES
LAUGHS = "a: &a0 [x, x]\n" + "".join(f"b{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 60))
KINDS = [
    kinds.TEXT,
    kinds.SECRET,
    kinds.PATH,
    kinds.GLOB,
    kinds.BOOLEAN,
    kinds.INTEGER,
    kinds.DURATION,
    kinds.LIST,
]
KINDS += [
    kinds.MAPPING,
    kinds.DATE,
    kinds.choice(["a", "b"]),
    kinds.whole_number(1, 9),
    kinds.matching("[A-Z]+", "x"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(text=TEXT)
@large(text="[" * 20_000)
@large(text="{" * 20_000)
@large(text='{"a":' * 20_000)
@large(text="a: " * 20_000)
@large(text="- " * 20_000)
@large(text="? " * 20_000)
@large(text="a: " + "[" * 900 + "]" * 900)
@large(text="a: \n" + "".join(" " * n + "-\n" for n in range(900)))
@large(text=LAUGHS)
@example(text="a: &a [*a]")
@example(text='"\\UFFFFFFFF": a')
@example(text="%YAML " + "9" * 5000 + ".1\n--- a: b")
@large(text="9" * 100_000)
@large(text='{"a": ' + "9" * 100_000 + "}")
@examples(6)
def test_a_kind_reads_or_says_why_not(kind: kinds.Kind, text: str) -> None:
    with bounded(ValueError):
        kind.parse(text)


@st.composite
def raw_inputs(draw: st.DrawFn, name: str) -> dict[str, str]:
    known = inputs_of(load(name))
    chosen = draw(st.lists(st.sampled_from(sorted(known)), max_size=6, unique=True))
    values = {name: draw(st.sampled_from(known[name][1].examples or ("x",)) | TEXT) for name in chosen}
    return {**values, **draw(st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=2))}


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@examples(8)
def test_the_inputs_of_a_command_are_read_or_refused(name: str, data: st.DataObject) -> None:
    raw = data.draw(raw_inputs(name))
    with bounded():
        read_inputs(load(name), raw, datetime.now(UTC))


@pytest.mark.parametrize("read", [mappings.whats_new, mappings.review_info, mappings.app_info])
@given(text=MAPPING_PIECES)
@large(text=LAUGHS.replace("a: ", "en-US: "))
@example(text="en-US: &a {whats_new: *a}")
@large(text="contact_email: " + "a@" * 5000)
@large(text="contact_email: " + "a." * 5000 + "@" + "a." * 20_000)
@examples(12)
def test_a_mapping_of_texts_is_read_or_refused(read: Any, text: str) -> None:
    with bounded(ValueError):
        value = kinds.MAPPING.parse(text)
        read(value)


@given(st.lists(TEXT, max_size=5))
@large(["a@" * 20_000])
@large(["<" * 20_000])
@large(["a" + " " * 20_000 + "b"])
@large(["a " * 10_000 + "<" + "a@a." * 5_000])
@examples(16)
def test_testers_are_read_or_refused(entries: list[str]) -> None:
    with bounded(ValueError):
        mappings.testers(entries)


LETTERS = st.sampled_from(
    [
        "1",
        "#",
        "\u20e3",
        "\ufe0f",
        "\u200d",
        "<",
        "\u2502",
        "\U0001f1e9",
        "\U0001f1ea",
        "\u231a",
        "\U0001f3fb",
        "\u2764",
        " ",
        "\n",
        "\r",
        "\x1b",
        "[",
        "3",
        "m",
        "a",
        "\u0301",
        "\ud800",
        "\x00",
    ]
)


@given(st.lists(LETTERS | st.characters(), max_size=60).map("".join), st.integers(2, 80))
@large("1" * 50_000 + "<" + "\u20e3" * 50_000, 4000)
@large("\U0001f1e9" * 20_001 + "<" + "\U0001f1ea" * 20_001, 4000)
@large("\U0001f469\u200d" * 50_000, 4000)
@large("\x1b[" * 100_000, 4000)
@large("\x1b[" + "1;" * 100_000, 4000)
@large("\u0301" * 50_000, 4000)
@examples(32)
def test_whats_new_comes_out_clean_and_short(text: str, limit: int) -> None:
    with bounded():
        cleaned, _ = texts.clean(text, limit)
    assert texts._length(cleaned) <= limit
    if len(text) < 1000:
        assert texts.clean(cleaned, limit) == (cleaned, [])
    with bounded():
        assert texts.in_bytes(texts.cut_to_bytes(text, 4000)) <= 4000


@given(
    st.text(max_size=40) | st.from_regex(r"[a-z]{2,3}[-_][A-Za-z]{2,4}([-_][A-Z0-9]{2,3})?", fullmatch=True)
)
@examples(16)
def test_a_locale_is_read_once_and_for_all(text: str) -> None:
    with bounded(ValueError):
        read = texts.locale(text)
        assert texts.locale(read) == read


CSV_PIECES = joined(
    "Email",
    "First Name",
    "Groups",
    "ada@example.com",
    "Ada",
    ",",
    ";",
    "\t",
    '"',
    "\n",
    "\r\n",
    "'",
    "=",
    "sep=",
)


@given(CSV_PIECES.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=200))
@example(b"Email\n")
@large(b'"' + b"a," * 100_000)
@large(b"a@b.example\n" * 50_000)
@large(b"," * 200_000)
@example(b"x," * 60_000 + b"\n" + b"a,b\n" * 15_000)
@examples(32)
def test_a_list_of_testers_is_read_or_refused_with_its_lines(content: bytes) -> None:
    with bounded():
        found, problems = read_csv(content)
    assert found or problems
    assert len({tester.address for tester in found}) == len(found)


CELLS = st.sampled_from(
    ["'=x", "''-", "=1+1", "'", "a,b", '"q"', "x\ny", "@x@b.c", "ada@example.com", "sep=,"]
) | (st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8).map(str.strip))


NAMES_OF_GROUPS = st.lists(
    st.sampled_from(["QA; night", ";", '"', '"a;b"', '";"', '"";']) | CELLS.filter(bool),
    max_size=3,
    unique=True,
).map(tuple)


@given(st.lists(st.tuples(CELLS, CELLS, NAMES_OF_GROUPS), min_size=1, max_size=3))
@examples(40)
def test_an_exported_list_of_testers_is_read_as_it_was(
    people: list[tuple[str, str, tuple[str, ...]]],
) -> None:
    rows = [
        (f"p{number}@example.com", first, last, groups_cell(groups))
        for number, (first, last, groups) in enumerate(people)
    ]
    with bounded():
        found, problems = read_csv(write_csv(("Email", "First", "Last", "Groups"), rows))
    assert problems == []
    assert [(one.first_name, one.last_name, one.groups) for one in found] == people


@given(
    st.dictionaries(st.sampled_from(["iphone", "MAC", "Apple TV"]) | st.text(max_size=5), TEXT, max_size=3)
)
@examples(16)
def test_criteria_are_read_or_refused(value: dict[str, str]) -> None:
    with bounded(ValueError):
        assert read_filters(filters_of(parse_criteria(value))) == parse_criteria(value)
