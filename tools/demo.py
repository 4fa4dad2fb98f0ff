"""`make demo`: the main job, end to end, against the sandbox, through the same bin/run that a workflow uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def main() -> int:
    """Starts the sandbox, runs the step, shows what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        temp = Path(folder)
        key, requests = temp / "api-key.json", temp / "requests.jsonl"
        sandbox = [sys.executable, "-I", str(ROOT / "entrypoint.py"), "sandbox", "--port", "0"]
        sandbox += ["--key-file", str(key), "--log", str(requests), "--stop-after", "600"]
        with subprocess.Popen(sandbox, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout
                url = server.stdout.readline().split()[-1]
                title(f"A local App Store Connect at {url}, with a new API key")
                code = step(temp, url, key.read_text())
            finally:
                server.terminate()
        title("Requests that it took")
        for entry in map(json.loads, requests.read_text().splitlines()):
            print(f"{entry['method']} {entry['path']} → {entry['status']} (connection {entry['connection']})")
    return code


def step(temp: Path, url: str, key: str) -> int:
    """Runs fetch-build-number as a step of a job, and prints its log, outputs and summary."""
    output, summary = temp / "output", temp / "summary"
    output.touch()
    summary.touch()
    tools = Path(os.environ.get("RUNNER_TOOL_CACHE") or ROOT / ".cache" / "tools")
    tools.mkdir(parents=True, exist_ok=True)
    job = {
        **{
            name: os.environ[name]
            for name in os.environ
            if name in KEPT or name.startswith(("PIP_", "UV_", "ASC_RUN"))
        },
        "ASC_API_URL": url,
        "ASC_COMMAND": "fetch-build-number",
        "ASC_INPUTS": json.dumps({"api-key": key, "bundle-id": "com.example.app", "platform": "ios"}),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(temp),
        "RUNNER_TEMP": str(temp),
        "RUNNER_TOOL_CACHE": str(tools),
    }
    title("The step's log (fetch-build-number for com.example.app, through bin/run)")
    run = subprocess.run([str(ROOT / "bin" / "run")], env=job, stdout=subprocess.PIPE, text=True, check=False)
    print(
        "".join(
            line + "\n"
            for line in run.stdout.splitlines()
            if not line.startswith(("::add-mask::", "::debug::"))
        ),
        end="",
    )
    title("Outputs")
    lines = output.read_text().splitlines()
    for head, value in zip(lines[::3], lines[1::3], strict=False):
        print(f"{head.partition('<<')[0]}={value}")
    title("Summary (Markdown)")
    print(summary.read_text(), end="")
    return run.returncode


def title(text: str) -> None:
    """A heading between the parts."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
