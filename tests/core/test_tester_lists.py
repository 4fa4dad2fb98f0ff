"""Lists of testers as CSV: every form is read, and a wrong line is named."""

from __future__ import annotations

import pytest

from asc.testflight.testers.files import read_csv, write_csv


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"Ada,Example,ada@example.com,Beta;QA\n", ("Ada", "Example", ("Beta", "QA"))),
        (
            b"email,first_name,last_name,groups\nada@example.com,Ada,Example,Beta;QA\n",
            ("Ada", "Example", ("Beta", "QA")),
        ),
        (
            b"\xef\xbb\xbfFirst Name,Last Name,Email\r\nAda,Example,ada@example.com\r\n",
            ("Ada", "Example", ()),
        ),
        (b"Email;First Name\nada@example.com;Ada\n", ("Ada", "", ())),
        (b'"Ada","Example, B.","ada@example.com"\n', ("Ada", "Example, B.", ())),
        ("Ada\tExample\tada@example.com\n".encode("utf-16"), ("Ada", "Example", ())),
        (b"ada@example.com\n", ("", "", ())),
        (b"Name,Email\nAda Example,ada@example.com\n", ("Ada", "Example", ())),
        (b'sep=;\r\nEmail;Groups\r\nada@example.com;"Beta;QA"\r\n', ("", "", ("Beta", "QA"))),
        (b'"Ada";"Example, B.";"ada@example.com"\n', ("Ada", "Example, B.", ())),
    ],
)
def test_every_form_of_a_list_is_read(content: bytes, names: tuple[str, str, tuple[str, ...]]) -> None:
    (found,), problems = read_csv(content)
    assert (found.email, (found.first_name, found.last_name, found.groups), problems) == (
        "ada@example.com",
        names,
        [],
    )


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("Beta;QA", ("Beta", "QA")),
        (' Beta ; ;"QA; night"; Beta', ("Beta", "QA; night")),
        ('"VIP";the "best"', ('"VIP"', 'the "best"')),
        ('"open;QA', ('"open', "QA")),
        ('"""a"" b"', ('"a" b',)),
    ],
)
def test_quotes_hold_a_group_name_together_only_if_it_needs_them(cell: str, groups: tuple[str, ...]) -> None:
    (found,), _ = read_csv(write_csv(("Email", "Groups"), [("ada@example.com", cell)]))
    assert found.groups == groups


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("First,Last,Email,Groups\nAda,Example,ada@example.com\n", "line 2"),
        ("email,first_name\nada@example.com,Example, Ada\n", "line 2"),
        ('First,Last,Email\n"Ada\nB.",Example,ada@example.com\nBob,Example,bob\n', "line 4"),
        ("sep=;\nEmail;First Name\nada@example.com\n", "line 3"),
    ],
)
def test_the_first_line_of_a_problem_is_the_one_in_the_file(content: str, line: str) -> None:
    _, (problem,) = read_csv(content.encode())
    assert problem.partition(":")[0] == line


@pytest.mark.parametrize(
    "content", [b"", b"First,Last,Email\n", b"\xff\x00\xd8", b'Ada,"Exam"ple,ada@example.com\n']
)
def test_a_file_that_is_no_list_is_one_problem(content: bytes) -> None:
    testers, problems = read_csv(content)
    assert (testers, len(problems)) == ([], 1)


def test_each_wrong_line_of_a_list_is_named() -> None:
    _, problems = read_csv(b"Ada,Example,ada@example.com\nBob,Example\nAda,Again,ADA@example.com\n")
    assert [problem.partition(":")[0] for problem in problems] == ["line 2", "line 3"]


# A write that Apple accepts and does not make
