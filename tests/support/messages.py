"""The errors of the program as their authors wrote them: class → the texts it is made with, gaps as `…`."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import asc
from asc.errors import Error

SOURCE = Path(asc.__file__).parent
# What makes errors, or the problems in them, besides their classes.
MAKERS = {"Problem": "InputError", "refuse": "KeyRefused"}


def error_classes() -> list[type[Error]]:
    """Every class of the tree, the base included."""
    for module in pkgutil.walk_packages(asc.__path__, "asc."):
        importlib.import_module(module.name)
    return sorted(_below(Error), key=lambda each: each.__name__)


@cache
def messages() -> dict[str, list[str]]:
    """Name of a class → the texts in every call that makes one, those of variables in it included."""
    names = {each.__name__ for each in error_classes()}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(SOURCE.rglob("*.py")):
        for function, owner in _functions(ast.parse(path.read_text("utf-8"))):
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                name = ast.unparse(call.func)
                name = owner if name == "super().__init__" else name.rpartition(".")[2]
                name = MAKERS.get(name, name)
                if name in names:
                    found[name] += _texts(call, function)
    return dict(found)


def _below(base: type[Error]) -> set[type[Error]]:
    return {base}.union(*(_below(each) for each in base.__subclasses__()))


def _functions(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every function, with the class that it belongs to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from ((each, node.name) for each in node.body if isinstance(each, ast.FunctionDef))
        elif isinstance(node, ast.Module):
            yield from ((each, "") for each in node.body)


def _texts(call: ast.Call, function: ast.AST) -> Iterator[str]:
    for argument in (*call.args, *(each.value for each in call.keywords)):
        yield from _literals(argument)
        variables = {node.id for node in ast.walk(argument) if isinstance(node, ast.Name)}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and variables & {ast.unparse(each) for each in node.targets}:
                yield from _literals(node.value)


def _literals(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _literals(child)
