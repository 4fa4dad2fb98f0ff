"""The docker command, where one answers."""

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
    """What a docker command prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: docker {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def runtime_image() -> str:
    """What bin/run calls the image that it builds."""
    sources = (ROOT / "Dockerfile").read_bytes() + (ROOT / "requirements.lock").read_bytes()
    return f"app-store-connect-actions:{hashlib.sha256(sources).hexdigest()[:24]}"
