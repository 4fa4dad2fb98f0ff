"""What bin/run asks of Docker, seen by a docker command that writes down how it was called."""

import csv
import itertools
import json
import os
from pathlib import Path

import pytest

from launcher.programs import folder_of_programs
from support.runner import Runner
from support.scratch import Scratch, make_scratch, read_report

# Says yes to everything; PULL is the exit code of a pull, and PRESENT names the image that is here.
DOCKER = """
case "$1" in
  context) echo unix:///var/run/docker.sock ;;
  info) echo "linux [name=seccomp]" ;;
  image) [[ $3 == "${PRESENT:-}" ]] ;;
  pull) (exit "${PULL:-0}") ;;
  run) cat >"$RECORD/stdin" ;;
esac
status=$?
printf '%s\\0' "$@" >"$RECORD/$1"
exit $status
"""


@pytest.fixture
def record(runner: Runner, tmp_path: Path) -> Path:
    """Where the docker command writes its arguments and the container's standard input."""
    folder = tmp_path / "record"
    folder.mkdir()
    programs = folder_of_programs(tmp_path / "programs", docker=DOCKER)
    for shared in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSH_AUTH_SOCK"):
        runner.env.pop(shared, None)
    runner.env |= {
        "PATH": f"{programs}:{runner.env['PATH']}",
        "RECORD": str(folder),
        "ASC_RUNTIME": "container",
    }
    return folder


def arguments(record: Path, verb: str = "run") -> list[str]:
    return (record / verb).read_bytes().decode().split("\0")[:-1]


def mounts(record: Path) -> dict[str, set[str]]:
    """The paths that are mounted at their own places, each with its options; but not what ssh needs."""
    found = {}
    for source, target, options in all_mounts(record):
        if not target.startswith("/etc/"):
            assert source == target
            found[source] = options
    return found


def all_mounts(record: Path) -> list[tuple[str, str, set[str]]]:
    """Source, target and options of the mounts; each is a line of CSV."""
    words = arguments(record)
    found = []
    for row in csv.reader(words[at + 1] for at, word in enumerate(words) if word == "--mount"):
        assert row[0] == "type=bind"
        source, target = (field.split("=", 1)[1] for field in row[1:3])
        found.append((source, target, set(row[3:])))
    return found


def environment(record: Path) -> dict[str, str]:
    pairs = (record / "stdin").read_bytes().decode().split("\0")[:-1]
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_environment_goes_through_standard_input(scratch: Scratch, runner: Runner, record: Path) -> None:
    secret = "line 1\nASC_FAKE=line 2 ümläut = %"
    runner.env |= {
        "ASC_API_KEY": secret,
        "MATCH_PASSWORD": "s3cret",
        "https_proxy": "http://user:s3cret@proxy",
    }
    runner.run(scratch.action, {"say": "s3cret input"})
    seen = environment(record)
    assert seen["ASC_API_KEY"] == secret
    assert seen["MATCH_PASSWORD"] == "s3cret"
    assert seen["https_proxy"] == "http://user:s3cret@proxy"
    assert json.loads(seen["ASC_INPUTS"])["say"] == "s3cret input"
    assert not any("s3cret" in word or "line 2" in word for word in arguments(record))


def test_what_speaks_of_this_machine_stays_here(scratch: Scratch, runner: Runner, record: Path) -> None:
    runner.env |= {
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "",
        "NPM_TOKEN": "other",
        "GOOGLE_API_KEY": "other",
        "LC_ALL": "C.UTF-8",
    }
    runner.run(scratch.action)
    seen = environment(record)
    assert {"PATH", "HOME", "PYTHONPATH", "LD_PRELOAD", "NPM_TOKEN", "GOOGLE_API_KEY"}.isdisjoint(seen)
    assert {"GITHUB_OUTPUT", "GITHUB_WORKSPACE", "RUNNER_TEMP", "ASC_COMMAND", "CI", "LC_ALL"} <= set(seen)


def test_the_container_leaves_no_trace(scratch: Scratch, runner: Runner, record: Path) -> None:
    runner.run(scratch.action)
    words = arguments(record)
    options = set(itertools.pairwise(words))
    assert {"--rm", "--init", "--interactive"} <= set(words)
    assert {("--log-driver", "none"), ("--pull", "never")} <= options
    assert {value for option, value in options if option == "--env"} == {"HOME=/tmp", "RUNNER_TRACKING_ID"}


def test_the_container_is_the_caller_with_no_shell_and_no_way_to_docker(
    scratch: Scratch, runner: Runner, record: Path
) -> None:
    runner.run(scratch.action)
    words = arguments(record)
    assert words[words.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"
    assert words[words.index("python") :][:2] == ["python", "-I"]
    assert words[words.index("python") - 1].startswith("app-store-connect-actions:")
    assert not [
        word
        for word in words
        if "docker.sock" in word or word in ("--privileged", "--cap-add", "--entrypoint")
    ]


@pytest.mark.parametrize("name", ["plain", "a b", 'it\'s "quoted"', "a,b", "a:b", "ümläut"])
def test_paths_keep_their_place(name: str, tmp_path: Path, runner: Runner, record: Path) -> None:
    scratch = make_scratch(tmp_path / name / "checkout")
    job = Runner(tmp_path / name / "job")
    job.env = runner.env
    job.run(scratch.action)
    assert mounts(record) == {
        str(job.workspace): set(),
        str(job.temp): set(),
        str(scratch.root): {"readonly"},
    }
    assert str(scratch.root / "entrypoint.py") in arguments(record)


def test_a_checkout_in_the_workspace_is_mounted_once(tmp_path: Path, runner: Runner, record: Path) -> None:
    scratch = make_scratch(runner.workspace / "here")
    runner.run(scratch.action)
    assert str(scratch.root) not in mounts(record)


def test_certificates_are_shared(scratch: Scratch, runner: Runner, record: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "company, inc.pem"
    bundle.touch()
    runner.env |= {
        "SSL_CERT_FILE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "CURL_CA_BUNDLE": "/missing",
    }
    runner.run(scratch.action)
    assert mounts(record)[str(bundle)] == {"readonly"}
    assert "/missing" not in mounts(record)
    assert environment(record)["SSL_CERT_FILE"] == str(bundle)


def test_the_container_can_reach_a_storage(
    scratch: Scratch, runner: Runner, record: Path, tmp_path: Path
) -> None:
    files = {}
    for name in (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "MATCH_GOOGLE_CLOUD_KEYS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AZURE_FEDERATED_TOKEN_FILE",
    ):
        files[name] = tmp_path / f"{name}, a file"
        files[name].touch()
    others = """
        AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AZURE_STORAGE_ACCOUNT_NAME GOOGLE_CLOUD_PROJECT
        STORAGE_EMULATOR_HOST FASTLANE_TEAM_ID PRIVATE_TOKEN CI_JOB_TOKEN GITLAB_HOST MATCH_PASSWORD
    """
    given = {name: str(path) for name, path in files.items()} | dict.fromkeys(others.split(), "x = 'ü'")
    runner.env |= given
    runner.run(scratch.action)
    assert given.items() <= environment(record).items()
    assert {str(path): {"readonly"} for path in files.values()}.items() <= mounts(record).items()


@pytest.mark.parametrize(
    ("path", "shared"), [("~/dsyms", True), ("~", True), ("dsyms", False), ("backup~/dsyms", False)]
)
def test_the_container_is_shown_the_home_folder_only_for_a_path_in_it(
    tmp_path: Path, scratch: Scratch, runner: Runner, record: Path, path: str, shared: bool
) -> None:
    home = tmp_path / "somebody"
    home.mkdir()
    scratch.launch("download-dsyms", "--directory", path, cwd=tmp_path, **(runner.env | {"HOME": str(home)}))
    assert any(target == str(home) for _, target, _ in all_mounts(record)) == shared
    assert (f"HOME={home}" in arguments(record)) == shared


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ASC_API_KEY", '{"key_id": "D383SF7390", "filepath": "~/keys/AuthKey.p8"}'),
        ("APP_STORE_CONNECT_API_KEY_KEY_FILEPATH", "~/keys/AuthKey.p8"),
        ("MATCH_GIT_PRIVATE_KEY", "~/.ssh/id_ed25519"),
        ("ASC_INPUTS", '{\n  "storage": "dir:~/signing"\n}'),
    ],
)
def test_the_container_is_shown_the_home_folder_for_a_path_in_a_variable(
    tmp_path: Path, scratch: Scratch, runner: Runner, record: Path, variable: str, value: str
) -> None:
    home = tmp_path / "somebody"
    home.mkdir()
    scratch.launch("report", cwd=tmp_path, **(runner.env | {"HOME": str(home), variable: value}))
    assert any(target == str(home) for _, target, _ in all_mounts(record))


def test_ssh_finds_its_agent_and_known_hosts(
    scratch: Scratch, runner: Runner, record: Path, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "home/.ssh/known_hosts"
    known_hosts.parent.mkdir(parents=True)
    known_hosts.touch()
    agent = tmp_path / "agent"
    agent.touch()
    runner.env |= {"HOME": str(tmp_path / "home"), "SSH_AUTH_SOCK": str(agent)}
    runner.run(scratch.action)
    seen = all_mounts(record)
    assert (str(known_hosts), "/etc/ssh/ssh_known_hosts2", {"readonly"}) in seen
    assert ("/etc/passwd", "/etc/passwd", {"readonly"}) in seen
    assert (str(agent), str(agent), {"readonly"}) in seen
    assert environment(record)["SSH_AUTH_SOCK"] == str(agent)


def test_without_ssh_there_is_nothing_to_share(
    scratch: Scratch, runner: Runner, record: Path, tmp_path: Path
) -> None:
    runner.env |= {"HOME": str(tmp_path / "nobody"), "SSH_AUTH_SOCK": str(tmp_path / "gone")}
    runner.run(scratch.action)
    assert not [mount for mount in all_mounts(record) if "gone" in mount[0] or "nobody" in mount[0]]


def test_the_image_is_built_with_the_libraries_of_the_storage(
    scratch: Scratch, runner: Runner, record: Path
) -> None:
    (scratch.root / "Dockerfile").write_text("FROM scratch\n")
    tags = set()
    for storage, lock in (
        ("dir:x", "requirements.lock"),
        ("s3://b", "requirements-object-stores.lock"),
        ("gs://b", "requirements-google-cloud.lock"),
    ):
        assert runner.run(scratch.action, {"storage": storage}).exit_code == 0
        built = arguments(record, "build")
        assert built[built.index("--build-arg") + 1] == f"LOCK={lock}"
        tag = built[built.index("--tag") + 1]
        assert tag in arguments(record)
        tags.add(tag)
    assert len(tags) == 3


def test_a_published_image_does_not_serve_every_storage(
    scratch: Scratch, runner: Runner, record: Path
) -> None:
    image = "registry.example/asc@sha256:" + "1" * 64
    (scratch.root / "Dockerfile").write_text("FROM scratch\n")
    scratch.publish(image)
    runner.env["PRESENT"] = image
    assert runner.run(scratch.action, {"storage": "az://c"}).exit_code == 0
    assert "LOCK=requirements-object-stores.lock" in arguments(record, "build")
    assert image not in arguments(record)


def test_arguments_reach_the_entrypoint(
    scratch: Scratch, runner: Runner, record: Path, tmp_path: Path
) -> None:
    env = {name: runner.env[name] for name in ("PATH", "RECORD", "ASC_RUNTIME")}
    scratch.launch("fetch", "--x", "a b", cwd=tmp_path, **env)
    assert arguments(record)[-4:] == ["--env-from-stdin", "fetch", "--x", "a b"]


@pytest.mark.parametrize("command", ["sync-signing", "cleanup-signing", "fetch"])
def test_what_signing_puts_on_the_machine_is_known_to_later_steps(
    scratch: Scratch, runner: Runner, record: Path, tmp_path: Path, command: str
) -> None:
    env = {name: runner.env[name] for name in ("PATH", "RECORD", "ASC_RUNTIME")}
    scratch.launch(command, cwd=tmp_path, HOME=str(tmp_path), **env)
    ledger = tmp_path / ".app-store-connect-actions"
    shared = (str(ledger), "/tmp/.app-store-connect-actions", set()) in all_mounts(record)
    assert shared == ledger.is_dir() == command.endswith("-signing")


def test_a_published_image_is_used_where_it_is(scratch: Scratch, runner: Runner, record: Path) -> None:
    image = "registry.example/asc@sha256:" + "1" * 64
    scratch.publish(image)
    runner.env["PRESENT"] = image
    runner.run(scratch.action)
    assert image in arguments(record)
    assert not (record / "pull").exists()
    assert not (record / "build").exists()


def test_a_published_image_is_pulled(scratch: Scratch, runner: Runner, record: Path) -> None:
    image = "registry.example/asc@sha256:" + "1" * 64
    scratch.publish(image)
    runner.run(scratch.action)
    assert arguments(record, "pull")[-1] == image
    assert image in arguments(record)


def test_an_image_that_cannot_be_pulled_is_built(scratch: Scratch, runner: Runner, record: Path) -> None:
    (scratch.root / "Dockerfile").write_text("FROM scratch\n")
    scratch.publish("registry.example/asc@sha256:1")
    runner.env["PULL"] = "1"
    runner.run(scratch.action)
    built = arguments(record, "build")
    tag = built[built.index("--tag") + 1]
    assert tag.startswith("app-store-connect-actions:")
    assert tag in arguments(record)


@pytest.mark.parametrize("changed", ["Dockerfile", "requirements.lock"])
def test_a_published_image_serves_only_what_it_was_built_from(
    scratch: Scratch, runner: Runner, record: Path, changed: str
) -> None:
    """Between two releases the packages may move on. The old image would run new code with old packages."""
    scratch.publish("registry.example/asc@sha256:1")
    with (scratch.root / changed).open("a") as file:
        file.write("# changed\n")
    runner.env["ASC_RUNTIME"] = "auto"
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    said = "registry.example/asc@sha256:1 was built from another Dockerfile or requirements.lock."
    assert f"##[debug]No container: the published image {said}" in result.log.lines
    assert list(record.iterdir()) == []


def test_auto_never_builds(scratch: Scratch, runner: Runner, record: Path) -> None:
    runner.env["ASC_RUNTIME"] = "auto"
    result = runner.run(scratch.action)
    assert result.exit_code == 0
    assert "##[debug]No container: no image is published for this version." in result.log.lines
    assert list(record.iterdir()) == []


@pytest.fixture
def outside_a_container(scratch: Scratch) -> None:
    """Looks for the marks of a container where there are none: a machine that runs tests may carry them."""
    launcher = scratch.root / "bin" / "run"
    text = launcher.read_text()
    for mark in ("/.dockerenv", "/run/.containerenv"):
        assert mark in text
        text = text.replace(mark, f"/nowhere{mark}")
    launcher.write_text(text)


@pytest.mark.usefixtures("outside_a_container")
def test_auto_is_native_where_the_published_image_lacks_libraries(
    scratch: Scratch, runner: Runner, record: Path
) -> None:
    scratch.publish("registry.example/asc@sha256:1")
    runner.env["ASC_RUNTIME"] = "auto"
    result = runner.run(scratch.action, {"storage": "s3://bucket"})
    assert "##[debug]No container: the published image lacks what this storage needs." in result.log.lines
    assert read_report(result.outputs)["libraries"] == ["stores"]
    assert list(record.iterdir()) == []


@pytest.mark.usefixtures("outside_a_container")
@pytest.mark.parametrize(("pull", "verb"), [("0", "run"), ("1", "pull")])
def test_auto_takes_the_container_where_it_can(
    scratch: Scratch, runner: Runner, record: Path, pull: str, verb: str
) -> None:
    scratch.publish("registry.example/asc@sha256:1")
    runner.env |= {"ASC_RUNTIME": "auto", "PULL": pull}
    result = runner.run(scratch.action)
    assert result.exit_code == 0
    assert (record / verb).exists()
    assert (record / "run").exists() == (pull == "0")


def test_auto_is_native_in_a_container(scratch: Scratch, runner: Runner, record: Path) -> None:
    scratch.publish("registry.example/asc@sha256:1")
    runner.env |= {"ASC_RUNTIME": "auto", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    result = runner.run(scratch.action)
    assert "##[debug]No container: this job runs in a container itself." in result.log.lines
    assert not (record / "run").exists()
