"""`make demo`: from signing to testers and symbols, against the sandbox, through the same bin/run as in a workflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRYPOINT = (sys.executable, "-I", str(ROOT / "entrypoint.py"))
KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
KEPT_STARTS = ("PIP_", "UV_", "ASC_RUN")
APP = {"bundle-id": "com.example.app", "platform": "ios"}


def main() -> int:
    """Starts the sandbox, runs the steps of a release, shows what came of each."""
    with tempfile.TemporaryDirectory() as folder:
        temp = Path(folder)
        key, requests = temp / "api-key.json", temp / "requests.jsonl"
        sandbox = [
            *ENTRYPOINT,
            "sandbox",
            "--key-file",
            str(key),
            "--log",
            str(requests),
            "--stop-after",
            "600",
        ]
        with subprocess.Popen(sandbox, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout
                url = server.stdout.readline().split()[-1]
                title(f"A local App Store Connect at {url}, with a new API key")
                code = release(Job(temp, url, key.read_text()))
            finally:
                server.terminate()
        title("Requests that it took")
        for entry in map(json.loads, requests.read_text().splitlines()):
            print(f"{entry['method']} {entry['path']} → {entry['status']} (connection {entry['connection']})")
    return code


def release(job: Job) -> int:
    """The steps, each with what the one before handed on. Stops at the first that fails."""
    store = job.folder / "store"
    store.mkdir()
    signing = {
        "mode": "sync",
        "bundle-ids": "com.example.app",
        "storage": f"dir:{store}",
        "passphrase": "only for the demo",
        "output-directory": str(job.folder / "signing"),
        "install": "files",
    }
    code, _ = job.step("sync-signing", signing)
    if code:
        return code
    code, found = job.step("fetch-build-number", APP)
    if code:
        return code
    number = found["next-build-number"]
    ipa = job.folder / "Example.ipa"
    make = [*ENTRYPOINT, "sandbox", "make-ipa", str(ipa), "--version", "1.5.0", "--build-number", number]
    subprocess.run([*make, "--size", str(12 * 1024 * 1024)], check=True)
    upload = {
        "file": str(ipa),
        "whats-new": "en-US: Faster start.\nde-DE: Schnellerer Start.",
        "groups": "QA, Beta testers",
        "uses-non-exempt-encryption": "false",
    }
    code, uploaded = job.step("upload-testflight", upload)
    if code:
        return code
    symbols = {
        "app-id": uploaded["app-id"],
        "version": uploaded["version"],
        "build-number": number,
        "directory": str(job.folder / "dsyms"),
    }
    code, _ = job.step("fetch-build-number", APP)
    return code or job.step("download-dsyms", symbols)[0]


class Job:
    """A job with the key as its secret, whose steps run as the composite actions run them."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        self.folder = folder
        self._key = key
        tools = Path(os.environ.get("RUNNER_TOOL_CACHE") or ROOT / ".cache" / "tools")
        tools.mkdir(parents=True, exist_ok=True)
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name in KEPT or name.startswith(KEPT_STARTS)
            },
            "ASC_API_URL": url,
            "GITHUB_WORKSPACE": str(folder),
            "RUNNER_TEMP": str(folder),
            "RUNNER_TOOL_CACHE": str(tools),
        }

    def step(self, command: str, inputs: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        """Runs a step and prints its log, outputs and summary. Returns its exit code and its outputs."""
        output, summary = self.folder / "output", self.folder / "summary"
        for file in (output, summary):
            file.write_text("")
        environment = {
            **self._environment,
            "ASC_COMMAND": command,
            "ASC_INPUTS": json.dumps({"api-key": self._key, **inputs}),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        title(f"{command}: its log, through bin/run")
        command_line = [str(ROOT / "bin" / "run")]
        with subprocess.Popen(command_line, env=environment, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout or ():
                if not line.startswith(("::add-mask::", "::debug::")):
                    print(line, end="", flush=True)
        title(f"{command}: its outputs")
        outputs = read_outputs(output.read_text())
        for name, value in outputs.items():
            print(f"{name}={value}")
        title(f"{command}: its summary (Markdown)")
        print(summary.read_text(), end="")
        return run.returncode, outputs


def read_outputs(text: str) -> dict[str, str]:
    """The file of outputs: `name<<delimiter`, the value, the delimiter."""
    lines = text.splitlines()
    return {head.partition("<<")[0]: value for head, value in zip(lines[::3], lines[1::3], strict=False)}


def title(text: str) -> None:
    """A heading between the parts."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
