"""The project as a package: it installs from a checkout and brings one command."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.scratch import REPOSITORY


def test_the_wheel_runs_the_command_from_another_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-I", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path)]
    subprocess.run([*build, str(REPOSITORY)], check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
        (script,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "asc-actions = app_store_connect_actions:console" in archive.read(script).decode()
    script_of_pip = tmp_path / "asc-actions"
    script_of_pip.write_text("import app_store_connect_actions as a; a.console()")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}

    def output(option: str) -> str:
        command = [sys.executable, str(script_of_pip), option]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        ).stdout

    assert output("--version").startswith("App Store Connect Actions ")
    assert output("--help").startswith("usage: asc-actions <command>")
    assert (tmp_path / "installed/asc_sandbox/seeds/demo.yml").is_file()


@pytest.mark.parametrize("missing", ["aiohttp", "jsonschema_rs"])
def test_the_sandbox_without_its_extra_says_how_to_install_it(missing: str) -> None:
    # None in sys.modules makes an import fail exactly as it does where the package is not installed.
    start = f"import sys; sys.modules['{missing}'] = None; import app_store_connect_actions as a; a.console()"
    arguments = ["sandbox", "--contract", os.devnull, "--stop-after", "0"]
    done = subprocess.run(
        [sys.executable, "-c", start, *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert f"the package {missing}," in done.stderr
    assert "app-store-connect-actions[sandbox]" in done.stderr
