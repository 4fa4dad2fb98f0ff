"""What we print and write, as the runner reads it: commands, masks, outputs, summary, whatever is in the texts."""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asc.builds.number import BuildNumber
from asc.job import summary, workflow
from core.running import in_job
from support.job_log import COMMANDS, JobLog, parse_command, parse_file_command, parse_log
from support.sandbox import app, build, seed, start_sandbox, upload

HOSTILE = [
    "::error::injected",
    "  ::set-output name=x::1",
    "a ##[error]injected",
    "##[add-path]/tmp",
    "first\n::warning::injected",
    "first\r::warning::injected",
    "first\r\n##[warning]injected",
    "100%0A::error::injected",
    "%25 %0D",
    "| a | `b` | <img src=x> | [c](http://d) | **e**",
    "\u2028::error::injected",
    "\x85::error::injected",
    "::stop-commands::x",
]
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8")),
    st.text(st.sampled_from(":#[]%\r\n\t ,;=error|`<>-\\A0D25")),
)


def printed(*calls: object) -> tuple[str, JobLog]:
    """Makes (function, arguments…) calls; gives what they print, and what the runner makes of it."""
    out = io.StringIO()
    with redirect_stdout(out):
        for call in calls:
            assert isinstance(call, tuple)
            call[0](*call[1:])
    return out.getvalue(), parse_log(out.getvalue())


@given(texts)
@example("####[error]x")
@example("# ##[error]x")
@example("\t::error::x")
@example("::::error::x")
def test_a_line_is_never_a_command(text: str) -> None:
    _, log = printed((workflow.line, text))
    assert (log.annotations, log.problems) == ([], [])
    for line in re.split(r"[\r\n]", workflow.harmless(text)):
        assert parse_command(line, COMMANDS) is None


@given(st.sampled_from(["error", "warning", "notice"]), texts, texts)
def test_an_annotation_is_one_and_says_what_it_should(level: str, title: str, message: str) -> None:
    said, log = printed((workflow.annotate, level, title, message))
    (annotation,) = log.annotations
    assert log.problems == []
    assert said.count("\n") == 1
    assert annotation.level == level
    assert annotation.message.strip() == workflow.harmless(message).strip()[:4096]
    assert annotation.title.strip() == workflow.harmless(title).strip()


@given(texts)
def test_a_debug_line_is_one(text: str) -> None:
    said, log = printed((workflow.debug, text))
    assert (log.annotations, log.problems, said.count("\n")) == ([], [], 1)


def test_an_annotation_is_cut_by_us_and_seen_to_be() -> None:
    _, log = printed((workflow.annotate, "error", "", "x" * 5000))
    assert len(log.messages()[0]) == 4096
    assert log.messages()[0].endswith("…")


def test_empty_properties_are_left_out() -> None:
    assert printed((workflow.annotate, "error", "", "x"))[0] == "::error::x\n"


names = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)


@given(st.dictionaries(names, texts, max_size=5))
def test_outputs_come_back_as_they_were(outputs: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        path.touch()
        with patch.dict(os.environ, {"GITHUB_OUTPUT": str(path)}):
            said, _ = printed(*((workflow.set_output, name, value) for name, value in outputs.items()))
        assert parse_file_command(path.read_bytes().decode()) == outputs
        assert said == ""


@pytest.mark.parametrize("name", ["", "a=b", "a<<b", "a\nb", "a b", "1a", "ä ", "a\n"])
def test_a_name_of_an_output_is_checked(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        workflow.set_output(name, "x")


def test_halves_of_characters_and_nuls_are_written_as_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile's name may hold a NUL, which no variable can; JSON may hold half of a character, which no file can."""
    for name in ("GITHUB_OUTPUT", "GITHUB_ENV"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("ASC_TEST", "")
    workflow.set_output("name", "a\ud800b")
    workflow.set_env("ASC_TEST", "a\ud800\0b")
    assert parse_file_command((tmp_path / "GITHUB_OUTPUT").read_text()) == {"name": "a?b"}
    assert parse_file_command((tmp_path / "GITHUB_ENV").read_text()) == {"ASC_TEST": "a?b"}


def test_a_secret_is_masked_whole_and_line_by_line() -> None:
    _, log = printed((workflow.add_mask, "first line\r\nsecond line\n"), (workflow.line, "a second line b"))
    assert log.lines == ["a *** b"]
    assert log.problems == []


@pytest.mark.parametrize(
    "secret", ["", " ", "\n", "true", "null", "1234", "{\n}", "-----BEGIN PRIVATE KEY-----"]
)
def test_what_is_empty_or_trivial_is_not_masked(secret: str) -> None:
    assert printed((workflow.add_mask, secret))[0] == ""


@given(texts)
def test_masks_are_never_anything_else(secret: str) -> None:
    _, log = printed((workflow.add_mask, secret))
    assert (log.annotations, log.problems, log.text) == ([], [], "")


class Unflushed(io.StringIO):
    """Remembers what a child process would see printed before its own lines."""

    flushed = ""

    def flush(self) -> None:
        self.flushed = self.getvalue()


@pytest.mark.parametrize(
    "call",
    [
        lambda: workflow.add_mask("secret word"),
        lambda: workflow.annotate("error", "t", "m"),
        lambda: workflow.debug("d"),
        lambda: workflow.line("l"),
    ],
)
def test_everything_is_flushed_at_once(call: object) -> None:
    out = Unflushed()
    with redirect_stdout(out):
        call()  # type: ignore[operator]
    assert out.flushed == out.getvalue() != ""


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_row_of_the_summary_stays_a_row(cells: list[str]) -> None:
    table = summary.table(["c"] * len(cells), [cells])
    lines = table.rstrip("\n").split("\n")
    assert len(lines) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", lines[2])) == len(cells) + 1
    assert not re.search(r"[<>\r]", lines[2])
    assert not re.search(r"(?<!\\)(?:\\\\)*`", lines[2])


def test_a_summary_that_is_too_long_is_cut_at_a_character(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    with patch.dict(os.environ, {"GITHUB_STEP_SUMMARY": str(path)}):
        workflow.append_summary("é" * 600_000)
    assert path.stat().st_size < 1024 * 1024
    assert path.read_text("utf-8").endswith("_Cut: the rest is too long._\n")


segments = st.lists(st.integers(0, 10**6), min_size=1, max_size=4)


@given(segments, segments)
def test_build_numbers_are_ordered_by_segment(one: list[int], other: list[int]) -> None:
    def number(parts: list[int]) -> BuildNumber:
        return BuildNumber(".".join(map(str, parts)))

    def without_last_zeros(parts: list[int]) -> list[int]:
        kept = list(parts)
        while len(kept) > 1 and kept[-1] == 0:
            kept.pop()
        return kept

    left, right = without_last_zeros(one), without_last_zeros(other)
    assert (number(one) < number(other)) == (left < right)
    assert (number(one) == number(other)) == (left == right)


@given(st.lists(st.from_regex(r"[0-9]{1,17}", fullmatch=True), min_size=1, max_size=4))
def test_the_next_build_number_is_greater_and_a_build_number(parts: list[str]) -> None:
    number = BuildNumber(".".join(parts))
    following = number.next()
    assert following > number
    assert BuildNumber.parse(following.text) == following
    assert following.text.split(".")[:-1] == parts[:-1]


@pytest.mark.parametrize("text", ["", "a", "1.", ".1", "1..2", "-1", "1e3", "١", "1 2", "0x1"])
def test_what_is_no_build_number(text: str) -> None:
    assert BuildNumber.parse(text) is None


def test_masks_come_before_all_else(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app("com.example.app", builds=[build("1.0", "7")])])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": "com.example.app"}, sandbox=sandbox, process=True)
        pem = str(sandbox.api_key()["key"])
    assert done.stdout.startswith("::add-mask::")
    for line in (line for line in pem.splitlines() if not line.startswith("-----")):
        said = [line in printed for printed in done.stdout.splitlines() if line in printed]
        assert said, "each line of the key is masked"
        assert line not in done.log.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_app_store_connect_says_injects_nothing(tmp_path: Path, hostile: str) -> None:
    world = seed(
        apps=[
            app(
                "com.example.app",
                name=hostile,
                builds=[build("1.0", "7"), build(hostile, "9")],
                uploads=[upload(hostile, "8"), upload("1.0", hostile)],
            ),
            app("com.example.other", name=hostile),
        ]
    )
    with start_sandbox(world) as sandbox:
        sandbox.add_fault(f"GET /v1/apps status=409 code={re.sub(r'[^ -~]', ' ', hostile)!r}")
        refused = in_job(tmp_path, {"bundle-id": "com.example.app"}, sandbox=sandbox, RUNNER_DEBUG="1")
        done = in_job(tmp_path, {"bundle-id": "com.example.app"}, sandbox=sandbox, RUNNER_DEBUG="1")
        unknown = in_job(tmp_path, {"bundle-id": hostile.strip()}, sandbox=sandbox, RUNNER_DEBUG="1")
    assert done.outputs["version"] == hostile
    assert set(done.outputs) >= {"build-number", "app-id"} and len(done.outputs) == 7
    for ended, errors in ((done, 0), (refused, 1), (unknown, 1)):
        assert len(ended.log.messages("error")) == errors
        assert ended.log.problems == []
    for row in (line for line in done.summary.splitlines() if line.startswith("| ")):
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 6
