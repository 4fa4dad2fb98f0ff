"""Which packages a step gets: those of the base lock, and of another one where a storage asks for it."""

import json
import subprocess
from pathlib import Path

import pytest

from support.runner import Runner
from support.scratch import Scratch, make_scratch, read_report

STORES, ALL = ["stores"], ["stores", "cloud"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A checkout for all tests here, so that each of its three environments is made once."""
    return make_scratch(tmp_path_factory.mktemp("storages") / "checkout")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, scratch: Scratch) -> Runner:
    return job(tmp_path_factory.mktemp("job"), scratch)


def job(folder: Path, scratch: Scratch) -> Runner:
    return Runner(folder, env={**scratch.env, "ASC_RUNTIME": "native"})


def libraries_of_step(runner: Runner, scratch: Scratch, inputs: dict[str, str]) -> list[str]:
    result = runner.run(scratch.action, inputs)
    assert result.exit_code == 0, result.log.text
    assert result.log.problems == []
    found: list[str] = read_report(result.outputs)["libraries"]
    return found


def launch(scratch: Scratch, *arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return scratch.launch(*arguments, cwd=cwd, XDG_CACHE_HOME=str(scratch.root / "cache"), **env)


def libraries_of_call(scratch: Scratch, cwd: Path, *arguments: str, **env: str) -> list[str]:
    done = launch(scratch, *arguments, cwd=cwd, ASC_RUNTIME="native", **env)
    assert done.returncode == 0, done.stderr
    report = read_report(done.stdout)
    assert report["arguments"] == list(arguments)
    found: list[str] = report["libraries"]
    return found


@pytest.mark.parametrize(
    ("storage", "to_storage", "libraries"),
    [
        ("", "", []),
        ("https://github.com/example/certificates.git", "", []),
        ("gitlab://group/project", "dir:x", []),
        ("s3://bucket/folder", "", STORES),
        ("az://container", "", STORES),
        ("gs://bucket", "", ALL),
        ("git@host:path", "s3://bucket", STORES),
        ("git@host:path", "gs://bucket", ALL),
        ("gs://bucket", "s3://bucket", ALL),
        ("s3://bucket", "gs://bucket", ALL),
        (" \n\ts3://bucket\n", "", STORES),
        ("S3://bucket", "", []),
    ],
)
def test_the_storage_of_a_step(
    scratch: Scratch, runner: Runner, storage: str, to_storage: str, libraries: list[str]
) -> None:
    given = {"storage": storage, "to-storage": to_storage}
    assert libraries_of_step(runner, scratch, given) == libraries


@pytest.mark.parametrize(
    ("command", "mode", "libraries"),
    [
        ("sync-signing", "git", []),
        ("sync-signing", "s3", STORES),
        ("sync-signing", "google_cloud", ALL),
        ("sync-signing", "gitlab_secure_files", []),
        ("doctor", "s3", []),
    ],
)
def test_the_storage_that_a_variable_of_matchs_names(
    scratch: Scratch, tmp_path: Path, command: str, mode: str, libraries: list[str]
) -> None:
    assert libraries_of_call(scratch, tmp_path, command, MATCH_STORAGE_MODE=mode) == libraries


@pytest.mark.parametrize(
    ("arguments", "libraries"),
    [
        (["--storage", "s3://b"], STORES),
        (["--storage=az://c"], STORES),
        (["--storage", "gs://b", "--say", "x"], ALL),
        (["--storage=s3://b", "--to-storage=gs://b"], ALL),
        (["--to-storage", "gs://b", "--storage", "s3://b"], ALL),
        (["--to-storage", " s3://b"], STORES),
        (["--say", "s3://b"], []),
        (["--say=--storage", "s3://b"], []),
        (["--say=--storage=s3://b", "--storage", "dir:x"], []),
        (["s3://b", "--storage"], []),
    ],
)
def test_the_storage_that_a_person_names(
    scratch: Scratch, tmp_path: Path, arguments: list[str], libraries: list[str]
) -> None:
    assert libraries_of_call(scratch, tmp_path, "sync-signing", *arguments) == libraries


def test_arguments_count_and_not_the_inputs_of_a_step(scratch: Scratch, tmp_path: Path) -> None:
    inputs = json.dumps({"storage": "gs://b"})
    assert libraries_of_call(scratch, tmp_path, "--storage", "s3://b", ASC_INPUTS=inputs) == STORES


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_any_writing_of_json(scratch: Scratch, tmp_path: Path, indent: int | str | None) -> None:
    inputs = json.dumps({"say": "", "storage": "s3://b", "to-storage": ""}, indent=indent)
    assert libraries_of_call(scratch, tmp_path, ASC_INPUTS=inputs) == STORES
    assert libraries_of_call(scratch, tmp_path, ASC_INPUTS=inputs.replace(": ", ":")) == STORES


@pytest.mark.parametrize(
    "text",
    [
        '", "storage": "s3://b',
        '\\", "storage": "s3://b',
        '\n"storage": "s3://b"\n',
        '{"storage": "gs://b"}',
        "$(touch trapped) `touch trapped`; touch trapped",
        "a[$(touch trapped)]",
        "* ? [a-z] ~ %s %n \\ ' \"",
        "-e --storage s3://b",
    ],
)
def test_a_value_cannot_pass_for_a_storage_or_do_anything(
    scratch: Scratch, runner: Runner, text: str, tmp_path: Path
) -> None:
    assert libraries_of_step(runner, scratch, {"say": text, "storage": f"dir:{text}"}) == []
    arguments = ("sync-signing", f"--say={text}", f"--storage={text}x", "--to-storage", f"{text}x")
    assert libraries_of_call(scratch, tmp_path, *arguments) == []
    assert not list(tmp_path.rglob("trapped"))


@pytest.mark.parametrize("inputs", ["", "null", "[", '{"storage": ["s3://b"]}', '{"storage": {"x": 1}}'])
def test_what_are_no_inputs_is_left_to_the_entrypoint(scratch: Scratch, tmp_path: Path, inputs: str) -> None:
    done = launch(scratch, "report", cwd=tmp_path, ASC_INPUTS=inputs)
    assert "could not" not in done.stderr
    done = launch(scratch, cwd=tmp_path, ASC_INPUTS=inputs)
    assert "could not" not in done.stderr


def test_only_who_chooses_a_storage_pays_for_it(tmp_path: Path) -> None:
    scratch = make_scratch(tmp_path / "checkout")
    runner = job(tmp_path / "job", scratch)
    for wheel in ("stores", "cloud"):
        (scratch.wheels / f"{wheel}-1.0-py3-none-any.whl").rename(scratch.root / wheel)
    assert libraries_of_step(runner, scratch, {}) == []
    refused = runner.run(scratch.action, {"storage": "s3://b"})
    assert refused.exit_code == 2
    assert "could not be installed" in refused.log.messages()[0]
    (scratch.root / "stores").rename(scratch.wheels / "stores-1.0-py3-none-any.whl")
    assert libraries_of_step(runner, scratch, {"storage": "s3://b"}) == STORES
    assert libraries_of_step(runner, scratch, {}) == []
    assert len(list((runner.tool_cache / "app-store-connect-actions").iterdir())) == 2
