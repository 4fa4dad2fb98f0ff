"""Who may import whom, and who may touch what: the design, held against the source."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.running import ENTRYPOINT
from support.sandbox import app, build, seed, start_sandbox

SOURCE = ENTRYPOINT.parent / "src"
MODULES = sorted((SOURCE / "asc").rglob("*.py"))
FLOORS = (
    {"commands"},
    {"testflight", "store", "signing", "webhooks"},
    {"provisioning", "builds"},
    {"apps", "assets", "changes"},
    {"api"},
    {"formats", "identity", "programs", "partial_files"},
    {"errors", "words", "on_signal", "private_files", "limited_files"},
)
"""Who may import whom: only floors further down, and nobody on the same floor."""


def may_import(part: str) -> set[str]:
    """The parts that a part may import. `job` is beside the floors: it knows the errors, and only commands know it."""
    if part == "job":
        return {"job", "errors", "words"}
    floor = next(number for number, parts in enumerate(FLOORS) if part in parts)
    below = set().union(*FLOORS[floor + 1 :])
    return below | {part} | ({"job"} if part == "commands" else set())


def names(tree: ast.AST) -> Iterator[str]:
    """Every module that a source imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    return name.split(".")[1] if name.count(".") else ""


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix()


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    return {relative(path): ast.parse(path.read_text("utf-8")) for path in MODULES}


def test_imports_go_down_the_floors(modules: dict[str, ast.Module]) -> None:
    up = {}
    for name, tree in modules.items():
        part = name.split("/")[1]
        if part != "__init__":
            imported = {part_of(imported) for imported in names(tree) if imported.startswith("asc.")}
            up[name] = imported - {"", "__version__"} - may_import(part)
    assert {name: parts for name, parts in up.items() if parts} == {}


def test_the_picture_shows_the_floors() -> None:
    page = (SOURCE.parent / "docs/architecture.md").read_text("utf-8")
    picture = page.partition("subgraph asc ")[2].partition("\n  end\n")[0]
    drawn = [
        set(re.findall(r"^      (\w+)\[", floor, re.MULTILINE)) for floor in picture.split("subgraph ")[1:]
    ]
    assert drawn == [floor | ({"job"} if "commands" in floor else set()) for floor in FLOORS]


def test_every_part_is_on_a_floor() -> None:
    there = {relative(path).split("/")[1] for path in MODULES} - {"__init__"}
    assert there == set().union(*FLOORS) | {"job"}


def test_the_core_knows_no_sandbox_and_one_module_the_toolkit(modules: dict[str, ast.Module]) -> None:
    roots = {name: {imported.split(".")[0] for imported in names(tree)} for name, tree in modules.items()}
    assert [name for name in roots if "asc_sandbox" in roots[name]] == []
    assert [name for name in roots if "actions_toolkit" in roots[name]] == ["asc/job/workflow"]


def test_the_relay_uses_of_asc_what_speaks_to_app_store_connect_and_nobody_uses_the_relay() -> None:
    for path in sorted((SOURCE / "asc_relay").glob("*.py")):
        imported = {name for name in names(ast.parse(path.read_text("utf-8"))) if name.startswith("asc")}
        parts = {part_of(name) for name in imported if name.startswith("asc.")} - {"", "__version__"}
        assert parts <= {"api", "apps", "errors", "limited_files", "words"}, path.name
        assert not any(name.startswith("asc_sandbox") for name in imported), path.name
    for path in [*MODULES, *sorted((SOURCE / "asc_sandbox").rglob("*.py"))]:
        assert not any(name.startswith("asc_relay") for name in names(ast.parse(path.read_text("utf-8")))), (
            path
        )


def test_the_environment_is_read_in_one_place(modules: dict[str, ast.Module]) -> None:
    readers = []
    for name, tree in modules.items():
        used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if (used | {*names(tree)}) & {"os.environ", "os.environb", "os.getenv", "os.putenv"}:
            readers.append(name)
    assert [name for name in readers if not name.startswith(("asc/job/", "asc/api/key/"))] == []


def test_printing_is_the_jobs(modules: dict[str, ast.Module]) -> None:
    printers = []
    for name, tree in modules.items():
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        if calls & {"print", "sys.stdout.write", "sys.stderr.write"}:
            printers.append(name)
    assert [name for name in printers if not name.startswith("asc/job/")] == []


def test_workflow_commands_are_spelled_in_one_module(modules: dict[str, ast.Module]) -> None:
    spelled = [(name, text) for name, tree in modules.items() for text in commands_in(tree)]
    assert [(name, text) for name, text in spelled if name != "asc/job/workflow"] == []


def commands_in(tree: ast.Module) -> Iterator[str]:
    """The texts of a source that spell a workflow command, docstrings aside."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs)
    for text in (node.value for node in texts if isinstance(node.value, str)):
        if "##[" in text or text.startswith("::"):
            yield text


def test_the_budget_of_imports(tmp_path: Path) -> None:
    """A step with a JSON key pays for nothing that it does not use."""
    code = (
        "import json, runpy, sys\n"
        "sys.argv[:] = sys.argv[1:]\n"
        "try:\n runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    output = tmp_path / "output"
    output.touch()
    with start_sandbox(seed(apps=[app("com.example.app", builds=[build("1.0", "7")])])) as sandbox:
        env = {
            "ASC_COMMAND": "fetch-build-number",
            "ASC_INPUTS": json.dumps({"bundle-id": "com.example.app"}),
            "ASC_API_KEY": json.dumps(sandbox.api_key()),
            "ASC_API_URL": sandbox.url,
            "GITHUB_OUTPUT": str(output),
        }
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, ENTRYPOINT], env=env, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    # urllib3 reads a version with importlib.metadata, which brings zipfile in: that is not ours to change.
    floor = subprocess.run(
        [sys.executable, "-I", "-c", "import sys, urllib3; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1])) - set(floor.stdout.split())
    unused = {"yaml", "zipfile", "asyncio", "asc_sandbox", "argparse", "github", "nacl", "aiohttp"}
    assert not loaded & (unused | {"charset_normalizer", "cryptography.x509.name"})
