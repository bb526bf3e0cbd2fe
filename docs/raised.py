"""Read from the source every error that people can meet: its text with … for what is filled in, and its cure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1] / "pytest_sdperf"

_HOLE = "…"


class Raised(NamedTuple):
    """One place that raises."""

    module: str
    "below the package: `models/folder`"
    error: str
    "name of the class"
    what: str
    cure: str


def raised(package: Path = PACKAGE) -> list[Raised]:
    """Every SdperfError of the package, by module and then in the order of the source."""
    errors = _error_classes(package / "errors.py")
    found: list[Raised] = []
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text())
        module = path.relative_to(package).with_suffix("").as_posix()
        found += dict.fromkeys(_of_module(tree, module, errors))
    return found


def _error_classes(path: Path) -> set[str]:
    classes = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}
    return classes - {"SdperfError"}


def _of_module(tree: ast.Module, module: str, errors: set[str]) -> Iterator[Raised]:
    constants = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    raisers = dict(_raisers(tree, errors))
    inside = {id(node) for name, (_, function) in raisers.items() for node in ast.walk(function)}
    for call in _calls(tree):
        name = _name(call)
        if name in errors and id(call) not in inside:
            said = {"what": call.args[0] if call.args else None, **{k.arg: k.value for k in call.keywords}}
            yield Raised(module, name, _text(said.get("what"), constants), _text(said.get("cure"), constants))
        elif name in raisers:
            error, function = raisers[name]
            parameters = [a.arg for a in function.args.args if a.arg != "self"]
            said = dict(zip(parameters, call.args, strict=False)) | {k.arg: k.value for k in call.keywords}
            inner = next(c for c in _calls(function) if _name(c) in errors)
            cure = next((k.value for k in inner.keywords if k.arg == "cure"), None)
            told = said.get("cure", cure)
            yield Raised(module, error, _text(said.get("what"), constants), _text(told, constants))


def _raisers(tree: ast.Module, errors: set[str]) -> Iterator[tuple[str, tuple[str, ast.FunctionDef]]]:
    """Functions of a module that make an error of the text they are given as ``what``."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(a.arg == "what" for a in function.args.args):
            for call in _calls(function):
                first = call.args[0] if call.args else None
                if _name(call) in errors and isinstance(first, ast.Name) and first.id == "what":
                    yield function.name, (_name(call), function)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return iter(sorted(calls, key=lambda node: (node.lineno, node.col_offset)))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _text(node: ast.AST | None, constants: dict[str, ast.expr]) -> str:
    """The text that an expression makes, as far as the source tells it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        constant = _text(node.value, constants)
        return constant if isinstance(node.value, ast.Name) else _HOLE
    if isinstance(node, ast.BinOp):
        return _text(node.left, constants) + _text(node.right, constants)
    if isinstance(node, ast.Name) and node.id in constants:
        return _text(constants[node.id], constants)
    return _HOLE
