"""The docker command."""

import subprocess


def docker(*arguments: str) -> str:
    """What a docker command prints; it has to succeed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
