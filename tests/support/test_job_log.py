"""The oracle itself, against lines whose meaning to the real runner is known."""

import pytest

from support.job_log import Command, parse_command, parse_file_command, parse_log


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("::notice::done", Command("notice", "done", {}, legacy=False)),
        ("  ::notice::done", Command("notice", "done", {}, legacy=False)),
        ("::NOTICE::done", Command("notice", "done", {}, legacy=False)),
        (
            "::error title=a%3Ab%2Cc,line=3::x%0Ay%25",
            Command("error", "x\ny%", {"title": "a:b,c", "line": "3"}, False),
        ),
        ("::error title=::x", Command("error", "x", {}, legacy=False)),
        ("::warning::a%3Ab", Command("warning", "a%3Ab", {}, legacy=False)),
        ("::group::", Command("group", "", {}, legacy=False)),
        ("text ##[error]x", Command("error", "x", {}, legacy=True)),
        ("text ##[error title=t;a=b]x%3B", Command("error", "x;", {"title": "t", "a": "b"}, legacy=True)),
        ("text ::error::x", None),
        ("::unknown::x", None),
        ("::error x", None),
        ("# #[error]x", None),
        ("", None),
    ],
)
def test_commands_in_a_line(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("a=b\n", {"a": "b"}),
        ("a=b=c<<d\n", {"a": "b=c<<d"}),
        ("a<<E\nb\n\nc\nE\n", {"a": "b\n\nc"}),
        ("a<<E\nE\n", {"a": ""}),
        ("a<<E\nb\r\nE\n", {"a": "b\r"}),
        ("a<<E\nb\nE", {"a": "b"}),
        ("a=1\na=2\n", {"a": "2"}),
    ],
)
def test_file_commands(text: str, pairs: dict[str, str]) -> None:
    assert parse_file_command(text) == pairs


@pytest.mark.parametrize("text", ["a", "=b", "<<E\nE", "a<<\n", "a<<E\nb", "a<<E\nb\nE \n", "a<<E\nb\nE\r\n"])
def test_broken_file_commands(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid"):
        parse_file_command(text)


def test_stopped_commands_are_text_until_the_token_comes() -> None:
    log = parse_log("::stop-commands::Tok\n::error::no\n##[error]no\n::tok::\n::error::yes\n")
    assert log.messages() == ["yes"]
    assert "::error::no" in log.lines
    assert log.problems == []
    assert parse_log("::stop-commands::Tok").problems == ["workflow commands were stopped and never resumed"]


def test_a_bare_carriage_return_starts_a_line() -> None:
    assert parse_log("progress\r::error::injected\n").messages() == ["injected"]


def test_masks_hide_each_line_and_its_encodings_from_then_on() -> None:
    log = parse_log('before s3cret\n::add-mask::s3cret"x%0Asecond\ns3cret"x s3cret\\"x s3cret%22x second\n')
    assert log.lines == ["before s3cret", "*** *** *** ***"]
    assert parse_log("a czNjcmV0LTEyMzQ1 b", secrets=["s3cret-12345"]).text.startswith("a ***")


@pytest.mark.parametrize(
    ("printed", "problem"),
    [
        ("::add-mask::", "empty string"),
        ("::set-output name=a::b", "legacy command 'set-output'"),
        ("x ##[warning]y", "legacy command 'warning'"),
        ("::group::a\n::group::b\n::endgroup::", "inside the group"),
        ("::group::a", "never closed"),
        ("::group::a\n::error::b\n::endgroup::", "hidden in the group"),
        ("::notice::a\n" * 11, "more than 10 annotations"),
    ],
)
def test_problems_that_nobody_would_see(printed: str, problem: str) -> None:
    assert any(problem in found for found in parse_log(printed).problems)


def test_annotations_are_cut_and_masked() -> None:
    log = parse_log("::error title=T::secret " + "x" * 5000, secrets=["secret"])
    assert log.titles() == ["T"]
    assert log.messages()[0].startswith("*** x")
    assert len(log.messages()[0]) == 4096
