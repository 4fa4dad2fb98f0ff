"""A stand-in for GitHub's runner: executes an action.yml as the runner does, and not as act does.

A composite gets no INPUT_* variables, a cancelled step gets signals for its top process only, and everything
printed and written is read by the rules of `job_log`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from compileall import compile_dir
from dataclasses import dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import IO, Any

import yaml

from support.job_log import SUMMARY_BYTES, JobLog, Masks, parse_file_command

# A cancelled step is sent one signal after the other, each so many seconds after the cancel.
CANCEL_SIGNALS = ((0.0, signal.SIGINT), (7.5, signal.SIGTERM), (10.0, signal.SIGKILL))
STEP_FILES = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}
# Where a Docker action finds the runner's folders.
DOCKER_MOUNTS = {
    "_temp/_github_home": "/github/home",
    "_temp/_github_workflow": "/github/workflow",
    "_temp/_runner_file_commands": "/github/file_commands",
    "_temp": "/github/runner_temp",
    "repo/repo": "/github/workspace",
}
JOB_VARIABLE = re.compile(r"(GITHUB|RUNNER|INPUT|ASC|ACTIONS)_")


@dataclass
class Result:
    """What a step did: the code it ended with, the log its reader sees, and what later steps get."""

    log: JobLog
    exit_code: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    left_running: list[int] = field(default_factory=list)
    """Processes that outlived the step."""


@dataclass
class Step:
    env: dict[str, str]
    files: dict[str, Path]


class Runner:
    """One job on one machine: its folders, its secrets, and the environment that its steps hand on."""

    def __init__(
        self, folder: Path, secrets: Iterable[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.workspace = folder / "repo/repo"
        self.temp = folder / "_temp"
        self.tool_cache = folder / "_tool"
        self.masks = Masks(secrets)
        self.user: int | None = None
        """Whom the steps run as; where it is not us, the folders have to be theirs."""
        self.groups: tuple[int, ...] = ()
        inherited = {name: value for name, value in os.environ.items() if not JOB_VARIABLE.match(name)}
        self.env = {**inherited, "CI": "true", "RUNNER_OS": "Linux", **(env or {})}
        for path in (*(folder / mount for mount in DOCKER_MOUNTS), self.tool_cache):
            path.mkdir(parents=True, exist_ok=True)
        self.event = self.temp / "_github_workflow/event.json"
        self.event.write_text("{}")

    def run(
        self, action_folder: Path, inputs: Mapping[str, object] | None = None, *, cancel_on: str = ""
    ) -> Result:
        """Runs an action; `cancel_on` cancels the job when the step prints this text."""
        # BaseLoader, for every scalar of an action.yml is text to the runner.
        action = yaml.load((action_folder / "action.yml").read_text(), yaml.BaseLoader)
        declared = action.get("inputs") or {}
        given = {name: _as_text(value) for name, value in (inputs or {}).items()}
        values = {name: given.get(name, (spec or {}).get("default", "")) for name, spec in declared.items()}
        result = Result(JobLog(self.masks))
        result.log.problems += [f"Unexpected input(s) '{name}'" for name in given if name not in declared]
        if action["runs"]["using"] == "docker":
            self._run_docker_action(action_folder, action["runs"], values, result, cancel_on)
        else:
            self._run_composite(action_folder, action, values, result, cancel_on)
        result.log.close()
        return result

    def _run_composite(
        self,
        folder: Path,
        action: Mapping[str, Any],
        inputs: Mapping[str, str],
        result: Result,
        cancel_on: str,
    ) -> None:
        steps: dict[str, Any] = {}
        for step in action["runs"]["steps"]:
            contexts = {"inputs": inputs, "steps": steps}
            script = self.temp / f"{uuid.uuid4()}.sh"
            script.write_text(evaluate(step["run"], contexts))
            env = {name: evaluate(value, contexts) for name, value in step.get("env", {}).items()}
            for line in (
                f"Run {step['run']}",
                "env:",
                *(f"  {name}: {value}" for name, value in env.items()),
            ):
                result.log.lines += self.masks.hide(line).splitlines()
            assert step["shell"] == "bash", "only bash steps are supported here"
            shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
            outputs = self._run_step(shell, self._new_step(folder, env), result, cancel_on)
            steps[step.get("id", str(script))] = {"outputs": outputs}
            if result.exit_code:
                break
        specs = action.get("outputs") or {}
        result.outputs = {name: evaluate(spec["value"], {"steps": steps}) for name, spec in specs.items()}

    def _run_docker_action(
        self, folder: Path, runs: Mapping[str, Any], inputs: Mapping[str, str], result: Result, cancel_on: str
    ) -> None:
        dockerfile = folder / runs["image"]
        tag = f"runner-test:{uuid.uuid4().hex[:8]}"
        build = ["docker", "build", "--quiet", "--network", "host", "--tag", tag, "--file", str(dockerfile)]
        subprocess.run([*build, str(dockerfile.parent)], check=True, capture_output=True)
        env = {f"INPUT_{name.upper().replace(' ', '_')}": value for name, value in inputs.items()}
        step = self._new_step(folder, env)
        result.outputs = self._run_step(self._docker_run(step.env, tag), step, result, cancel_on)

    def _docker_run(self, env: dict[str, str], image: str) -> list[str]:
        """The command of a Docker action. Its environment names the folders as the container sees them."""
        command = ["docker", "run", "--rm", "--network", "host", "--workdir", "/github/workspace"]
        for folder, inside in DOCKER_MOUNTS.items():
            outside = str(self.folder / folder)
            command += ["--volume", f"{outside}:{inside}"]
            moved = {
                name: inside + value.removeprefix(outside)
                for name, value in env.items()
                if value.startswith(outside)
            }
            env.update(moved)
        for name in env:
            if JOB_VARIABLE.match(name) or name == "CI":
                command += ["--env", name]
        return [*command, "--env", "HOME=/github/home", image]

    def _new_step(self, action_folder: Path, step_env: Mapping[str, str]) -> Step:
        guid = str(uuid.uuid4())
        files = {
            name: self.temp / f"_runner_file_commands/{stem}_{guid}" for name, stem in STEP_FILES.items()
        }
        for path in files.values():
            path.touch()
            if self.user is not None:
                os.chown(path, self.user, self.user)
        env = {
            **self.env,
            **step_env,
            **{name: str(path) for name, path in files.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action_folder),
            "GITHUB_ACTION_REF": "",
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "RUNNER_TOOL_CACHE": str(self.tool_cache),
            "RUNNER_TRACKING_ID": f"github_{guid}",
        }
        return Step(env, files)

    def _run_step(self, command: Sequence[str], step: Step, result: Result, cancel_on: str) -> dict[str, str]:
        self._execute(command, step.env, result, cancel_on)
        result.left_running = processes_with(f"RUNNER_TRACKING_ID={step.env['RUNNER_TRACKING_ID']}")
        self._read_summary(step.files["GITHUB_STEP_SUMMARY"], result)
        try:
            self.env.update(parse_file_command(_read(step.files["GITHUB_ENV"])))
            return parse_file_command(_read(step.files["GITHUB_OUTPUT"]))
        except ValueError as error:
            result.log.problems.append(f"Unable to process file command: {error}")
            result.exit_code = result.exit_code or 1
            return {}

    def _execute(
        self, command: Sequence[str], env: Mapping[str, str], result: Result, cancel_on: str
    ) -> None:
        process = subprocess.Popen(
            command,
            cwd=self.workspace,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else self.groups,
        )
        one_line_at_a_time = threading.Lock()
        cancelled = threading.Event()

        def read(stream: IO[bytes]) -> None:
            with stream:
                for raw in stream:
                    line = raw.decode("utf-8", "replace")
                    with one_line_at_a_time:
                        result.log.feed(line)
                    if cancel_on and cancel_on in line:
                        cancelled.set()

        streams = [stream for stream in (process.stdout, process.stderr) if stream]
        readers = [threading.Thread(target=read, args=(stream,), daemon=True) for stream in streams]
        for reader in readers:
            reader.start()
        while process.poll() is None and not cancelled.wait(0.01):
            pass
        if cancelled.is_set():
            cancel(process)
        result.exit_code = process.wait()
        for reader in readers:
            reader.join(2)  # a process that outlives the step may keep the pipe open

    def _read_summary(self, path: Path, result: Result) -> None:
        if path.stat().st_size > SUMMARY_BYTES:
            message = "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k"
            result.log.problems.append(message)
        else:
            result.summary += self.masks.hide(_read(path))


def cancel(process: subprocess.Popen[bytes]) -> None:
    """Ends a step as a cancelled job does: its top process is signalled, and nothing else."""
    start = time.monotonic()
    for after, sign in CANCEL_SIGNALS:
        try:
            process.wait(max(0.0, start + after - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(sign)


def evaluate(text: str, contexts: Mapping[str, Any]) -> str:
    """The few expressions that we use: `inputs.name`, `steps.id.outputs.name`, `toJSON(inputs)`."""

    def value_of(match: re.Match[str]) -> str:
        expression = re.fullmatch(r"\s*(?:toJSON\(([\w.-]+)\)|([\w.-]+))\s*", match[1])
        assert expression, f"this expression is not supported here: {match[1]}"
        value: Any = contexts
        for key in (expression[1] or expression[2]).split("."):
            value = value.get(key, "") if isinstance(value, Mapping) else ""
        return json.dumps(value, indent=2, ensure_ascii=False) if expression[1] else str(value)

    return re.sub(r"\$\{\{(.*?)\}\}", value_of, text)


def processes_with(variable: str) -> list[int]:
    """The processes whose environment holds this NAME=VALUE (Linux only; elsewhere none is found)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue  # it has just ended, or is not ours
    return found


def checkout(source: Path, target: Path) -> Path:
    """A copy of the files that make up the actions: what a runner downloads for `uses: owner/repo/…@ref`."""
    ignored = shutil.ignore_patterns(
        ".git", ".venv", ".cache", "build", "__pycache__", ".*_cache", "node_modules"
    )
    shutil.copytree(source, target, ignore=ignored, symlinks=True)
    return target


def actions_alone(source: Path, target: Path, *more: str) -> Path:
    """Copy the actions and `more` files or folders, without tests and pages. Returns the target."""
    # git and act read all of it, and act copies it anew for each step that uses an action.
    parts = ("action.yml", "actions", "bin", ".github", "entrypoint.py", "Dockerfile", "src")
    locks = (path.name for path in source.glob("*.lock"))
    ignored = shutil.ignore_patterns("__pycache__", "asc_sandbox")
    for part in (*parts, *locks, *more):
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, ignore=ignored)
        else:
            shutil.copy2(source / part, target / part)
    # Else each copy that act makes would compile it anew. A copy has other times, and a checksum does not need them.
    compile_dir(target / "src", quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return target


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: Path) -> str:
    return path.read_bytes().decode()
