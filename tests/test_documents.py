"""The documents for developers name what is there."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
NAMED: Final = re.compile(r"`([\w/]+\.(?:py|sh|md|toml|yml))(?::([\w.]+))?`")


def named(document: str) -> list[tuple[str, str]]:
    """The files, and what in them, that a document names with their path from the root."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [(path, what) for path, what in NAMED.findall(text) if "/" in path]


def defined(path: str) -> set[str]:
    """Functions, classes with their methods, and constants of a module."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            methods = (one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {node.name, *(f"{node.name}.{name}" for name in methods)}
        elif isinstance(node, ast.AnnAssign):
            found.add(ast.unparse(node.target))
    return found


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_what_is_named_is_there(document: str) -> None:
    """Each path leads to a file, and each name behind a colon is defined in it."""
    names = named(document)
    assert names
    missing = [(path, what) for path, what in names if not (ROOT / path).exists()]
    assert missing == []
    assert [(path, what) for path, what in names if what and what not in defined(path)] == []
