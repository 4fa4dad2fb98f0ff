"""Ask the docker command, if the machine has one."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

from bench.measure import ROOT


def docker_answers() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


def docker(*arguments: str) -> str:
    """Run a docker command and return its output. Ends the benchmark if the command fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: docker {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def runtime_image() -> str:
    """Return the name of the image that bin/run builds: it has a digest of the sources."""
    sources = (ROOT / "Dockerfile").read_bytes() + (ROOT / "requirements.lock").read_bytes()
    return f"app-store-connect-actions:{hashlib.sha256(sources).hexdigest()[:24]}"
