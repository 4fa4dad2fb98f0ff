"""A scratch checkout for tests of bin/run: the real launcher, tiny packages, an entrypoint that reports."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
LOCKS = {
    "requirements.lock": ("tiny",),
    "requirements-object-stores.lock": ("tiny", "stores"),
    "requirements-google-cloud.lock": ("tiny", "stores", "cloud"),
}
"""Each lock with the packages that it has here."""

ACTION = """
name: report
description: Reports what it sees.
inputs:
  say: {description: Something to print., default: ""}
  storage: {description: Where something is kept., default: ""}
  to-storage: {description: Where it is moved to., default: ""}
outputs:
  report: {description: What it saw., value: "${{ steps.run.outputs.report }}"}
runs:
  using: composite
  steps:
    - id: run
      shell: bash
      run: exec "$GITHUB_ACTION_PATH/../../bin/run"
      env:
        ASC_COMMAND: report
        ASC_INPUTS: ${{ toJSON(inputs) }}
"""

# Reads its environment as our own entrypoint does. ASC_EXIT is its exit code, ASC_WAIT a file that it waits
# for, and ASC_WRITE one that it writes; ASC_PACKAGE names the package to import.
ENTRYPOINT = """
import importlib.util, json, os, signal, sys, time

if sys.argv[1:2] == ["--env-from-stdin"]:
    pairs = sys.stdin.buffer.read().split(b"\\0")
    os.environb.update(pair.split(b"=", 1) for pair in pairs if pair)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    del sys.argv[1]


def end(number, frame):
    raise SystemExit(130)


signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
package = importlib.import_module(os.environ.get("ASC_PACKAGE", "tiny"))

report = {
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "imports": sys.path,
    "isolated": sys.flags.isolated,
    "libraries": [name for name in ("stores", "cloud") if importlib.util.find_spec(name)],
    "package": package.__file__,
    "prefix": sys.prefix,
    "stdin": sys.stdin.read(),
    "user": os.getuid(),
}
if "GITHUB_OUTPUT" in os.environ:
    with open(os.environ["GITHUB_OUTPUT"], "a") as file:
        print("report=" + json.dumps(report), file=file)
else:
    print("report=" + json.dumps(report))
print(json.loads(os.environ.get("ASC_INPUTS", "{}")).get("say", ""))
if "ASC_WRITE" in os.environ:
    open(os.environ["ASC_WRITE"], "w").close()
if "ASC_WAIT" in os.environ:
    print("waiting", flush=True)
    while not os.path.exists(os.environ["ASC_WAIT"]):
        time.sleep(0.02)
sys.exit(int(os.environ.get("ASC_EXIT", 0)))
"""


@dataclass
class Scratch:
    """A checkout whose only dependencies are wheels that lie beside it: nothing here needs a network."""

    root: Path
    wheels: Path
    uv: Path
    """A folder with uv alone. It installs in a tenth of pip's time; tests about pip take it from PATH."""

    @property
    def action(self) -> Path:
        return self.root / "actions/report"

    @property
    def env(self) -> dict[str, str]:
        """Put uv first on PATH, and make pip and uv look at the wheels and nowhere else."""
        here = str(self.wheels)
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": here}
        return {
            **pip,
            "PATH": f"{self.uv}{os.pathsep}{os.environ['PATH']}",
            "UV_OFFLINE": "1",
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": here,
            "UV_CACHE_DIR": f"{here}/uv",
        }

    def publish(self, image: str) -> None:
        """Writes image.lock as a release does, for an image that was built from what is here."""
        dockerfile = self.root / "Dockerfile"
        dockerfile.touch()
        built_from = hashlib.sha256(dockerfile.read_bytes() + (self.root / "requirements.lock").read_bytes())
        (self.root / "image.lock").write_text(f"{image} {built_from.hexdigest()[:24]}\n")

    def launch(self, *arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs bin/run as a person does, outside of any job."""
        return subprocess.run(
            [self.root / "bin/run", *arguments],
            cwd=cwd,
            env={**outside_a_job(), "XDG_CACHE_HOME": f"{cwd}/cache", **self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )


def make_scratch(root: Path) -> Scratch:
    action = root / "actions/report"
    action.mkdir(parents=True)
    (action / "action.yml").write_text(ACTION)
    (root / "bin").mkdir()
    shutil.copy2(REPOSITORY / "bin/run", root / "bin/run")
    (root / "entrypoint.py").write_text(ENTRYPOINT)
    (root / "image.lock").touch()
    scratch = Scratch(root, root / "wheels", root / "wheels/programs")
    scratch.uv.mkdir(parents=True)
    (scratch.uv / "uv").symlink_to(UV)
    for lock, packages in LOCKS.items():
        (root / lock).write_text("".join(_pin(make_wheel(scratch.wheels, name)) for name in packages))
    return scratch


def _pin(wheel: Path) -> str:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{wheel.name.split('-')[0]}==1.0 --hash=sha256:{digest}\n"


def make_container_scratch(root: Path) -> Scratch:
    """A scratch checkout with our real Dockerfile and packages."""
    scratch = make_scratch(root)
    for name in ("Dockerfile", ".dockerignore", *LOCKS):
        shutil.copy(REPOSITORY / name, root / name)
    return scratch


def make_wheel(folder: Path, name: str) -> Path:
    """The smallest package there is."""
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{about}/RECORD"
    rows = [f"{path},{_record_hash(text)},{len(text)}" for path, text in files.items()]
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, record: "\n".join([*rows, f"{record},,\n"])}.items():
            archive.writestr(zipfile.ZipInfo(path), text)  # without the time: the same package each time
    return wheel


def _record_hash(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def outside_a_job() -> dict[str, str]:
    """This process' environment, without what a job of CI put there."""
    job = ("GITHUB_", "RUNNER_", "ASC_", "INPUT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(job)}


def read_report(outputs: Mapping[str, str] | str) -> dict[str, Any]:
    """What the entrypoint saw: from the outputs of a step, or from what bin/run printed at a terminal."""
    if isinstance(outputs, str):
        outputs = dict(line.split("=", 1) for line in outputs.splitlines() if "=" in line)
    report: dict[str, Any] = json.loads(outputs["report"])
    return report
