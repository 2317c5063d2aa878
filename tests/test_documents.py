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


def mapped() -> list[tuple[str, str]]:
    """The folders of the code map, each with a file or folder that it says is below it."""
    block = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Code map")[2].split("```")[1]
    found: list[tuple[str, str]] = []
    folder = ""
    for line in block.splitlines():
        head = re.match(r"(\w+)/ ", line)
        folder = head[1] if head else folder
        text = line[head.end() :] if head else line
        found += [
            (folder, name)
            for name in re.findall(r"(?<![\w/])[\w/-]+(?:/(?![\w/])|\.(?:py|sh|md|yml|env|star)\b)", text)
        ]
    return found


def test_the_code_map_names_what_is_there() -> None:
    """Whatever it says of a folder is somewhere below that: files, and folders, which end in a slash."""
    names = mapped()
    assert ("monitoring", "grafana/") in names
    assert ("streams", "runner.py") in names
    lost = [
        (folder, name)
        for folder, name in names
        if name.strip("/") != folder and not any((ROOT / folder).rglob(name.rstrip("/")))
    ]
    assert lost == []
