"""What may import what, and how long a module may be: the rules of the house, read from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("tasksys", "streams", "views", "monitoring")
LINES: Final = 300

DELIVERY: Final = "streams/delivery"
"""What reaches people: the one part of `streams` that is a client of the web."""

PURE_MODULES: Final = frozenset(
    {"base64", "binascii", "bisect", "calendar", "collections", "contextlib", "csv", "dataclasses", "datetime"}
    | {
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "icalendar",
        "itertools",
        "math",
        "msgspec",
        "operator",
        "re",
        "sys",
        "tasksys",
    }
    | {"types", "typing", "tzdata", "unicodedata", "zoneinfo"}
)
"""All that the pure core may import: no clocks, randomness, environment, input or output, nor the layers above it.

`datetime` has clocks all the same, and `sys` streams and the environment; what is used of them is looked at. Of
`icalendar` only what makes and reads lines, components and names of zones is used: see `tasksys.ical`.
"""
IMPURE_CALLS: Final = frozenset({"open", "print", "input", "__import__", "exec", "breakpoint"})
CLOCKS: Final = frozenset({"datetime.datetime", "datetime.date"})
CLOCK_CALLS: Final = frozenset({"now", "utcnow", "today"})
PURE_SYS: Final = frozenset({"getsizeof", "intern", "maxsize"})
EDGE: Final = ("tasksys/cli/", "tasksys/client/", "tasksys/settings.py", "tasksys/fairness.py")
"""The parts of `tasksys` that are not the pure core, which must not know them: the command line, and what it was told;
the client of the live feed, which others install this package for: it speaks to a server, and folds nothing; and how
those who wait take turns, which `streams` and `views` share.

Settings do no input or output either, but they are the process's: paths, ports and secrets, of which a fold of the log
must not depend.
"""
OUTSIDE: Final = frozenset({"tasksys.cli", "tasksys.client", "tasksys.settings", "tasksys.fairness"})

KAFKA_SIDE: Final = frozenset({"aiokafka", "faust", "mode", "rocksdict"})
"""Only `streams` knows what carries and stores the records."""

COMPOSITION: Final = frozenset({"tasksys/cli/process.py", "tasksys/cli/exporting.py"})
"""Where a process is put together: the only modules that may import both `streams` and `views`."""
VIEWS_MAY_IMPORT: Final[frozenset[str]] = frozenset()
"""The modules of `streams` that `views` may import: none. What crosses between them is in `tasksys`."""


def modules(*packages: str) -> list[str]:
    """The paths of the packages' modules, relative to the root."""
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def source(module: str) -> str:
    """A module's text."""
    return (ROOT / module).read_text(encoding="utf-8")


def imports(text: str, module: str = "") -> set[str]:
    """All names that a module imports, wherever in it: `from a import b` gives `a` and `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(module.removesuffix(".py").split("/")[: -node.level]) if node.level else ""
            origin = ".".join(part for part in (above, node.module) if part)
            names |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    return names


def tops(names: set[str]) -> set[str]:
    """The packages that the names are in."""
    return {name.split(".")[0] for name in names}


def aliases(tree: ast.AST) -> dict[str, str]:
    """What the names that a module imports stand for: `from datetime import date as d` gives `d: datetime.date`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def used(tree: ast.AST) -> Iterator[str]:
    """The names, and the attributes of names, that a module uses, by what they stand for."""
    known = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            yield known.get(first, first) + dot + rest


def impurities(text: str, module: str = "") -> list[str]:
    """What in a module's text has no place in the pure core."""
    tree, imported = ast.parse(text), imports(text, module)
    found = tops(imported) - PURE_MODULES | {
        outside for outside in OUTSIDE for name in imported if f"{name}.".startswith(f"{outside}.")
    }
    for name in used(tree):
        owner, _, attribute = name.rpartition(".")
        if (owner in CLOCKS and attribute in CLOCK_CALLS) or name in IMPURE_CALLS:
            found.add(name)
        if owner == "sys" and attribute not in PURE_SYS:
            found.add(name)
    return sorted(found)


PURE: Final = [module for module in modules("tasksys") if not module.startswith(EDGE)]


@pytest.mark.parametrize("module", PURE)
def test_the_core_is_pure(module: str) -> None:
    """Time, ids and looked-up facts arrive inside the command: no clock, no randomness, no environment, no I/O."""
    assert impurities(source(module), module) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import time", ["time"]),
        ("import os.path as p", ["os"]),
        ("from random import choice", ["random"]),
        ("def f():\n    from streams import node", ["streams"]),
        ("from .. import views", []),
        ("from datetime import datetime\ndatetime.now(UTC)", ["datetime.datetime.now"]),
        ("import datetime\ndatetime.datetime.utcnow()", ["datetime.datetime.utcnow"]),
        ("from datetime import date\ndate.today()", ["datetime.date.today"]),
        ("from datetime import datetime as dt\ndt.now()", ["datetime.datetime.now"]),
        ("import datetime as d\nclock = d.datetime.now", ["datetime.datetime.now"]),
        ("from pathlib import Path\nPath('x').read_text()", ["pathlib"]),
        ("import pathlib as p\np.Path('x').read_text()", ["pathlib"]),
        *(
            (f"import {name}", [name.split(".")[0]])
            for name in (
                "subprocess",
                "threading",
                "urllib.request",
                "sqlite3",
                "tempfile",
                "importlib",
                "io",
                "aiohttp",
                "faust",
            )
        ),
        ("from tasksys import cli", ["tasksys.cli"]),
        ("from tasksys.cli.client import Client", ["tasksys.cli"]),
        ("import tasksys.cli.main", ["tasksys.cli"]),
        ("from tasksys.client import Client", ["tasksys.client"]),
        ("from tasksys.settings import Settings", ["tasksys.settings"]),
        ("from .. import settings", ["tasksys.settings"]),
        ("from ..cli import main", ["tasksys.cli"]),
        ("import sys\nsys.stdout.write('x')", ["sys.stdout"]),
        ("from sys import argv\nargv[1]", ["sys.argv"]),
        ("import sys as s\ns.argv; s.getsizeof(1)", ["sys.argv"]),
        ("__import__('os').getcwd()", ["__import__"]),
        ("print('x', open('y'))", ["open", "print"]),
        ("from datetime import datetime\ndatetime.fromisoformat(x); moments.today()", []),
    ],
)
def test_impurities_are_found(text: str, found: list[str]) -> None:
    """The rule sees every way of writing an import, also inside functions, and calls of clocks and files."""
    assert impurities(text, "tasksys/query/x.py") == found


@pytest.mark.parametrize("module", modules("tasksys", "views", "monitoring"))
def test_only_streams_knows_kafka_and_storage(module: str) -> None:
    """Faust, its libraries and the store are behind `streams`."""
    assert not tops(imports(source(module), module)) & KAFKA_SIDE


@pytest.mark.parametrize("module", modules("tasksys", "streams", "monitoring"))
def test_only_views_serve_http(module: str) -> None:
    """`aiohttp.web` is behind `views`; the command line and the client are HTTP clients, and nobody else needs it."""
    names = imports(source(module), module)
    assert "aiohttp.web" not in names
    assert "aiohttp" not in tops(names) or module.startswith(("tasksys/cli/", "tasksys/client/", DELIVERY))
    assert "aiohttp.web" not in {ast.unparse(node) for node in ast.walk(ast.parse(source(module)))}


@pytest.mark.parametrize("module", modules(DELIVERY))
def test_delivery_knows_the_core_only(module: str) -> None:
    """It sends what it is handed; neither the log nor the server is its business."""
    names = imports(source(module), module)
    assert not tops(names) & ({"views"} | KAFKA_SIDE)
    assert all(name.startswith("streams.delivery") for name in names if name.startswith("streams."))


@pytest.mark.parametrize("module", modules("tasksys", "streams", "views", "monitoring"))
def test_delivery_is_known_where_the_process_is_composed(module: str) -> None:
    """Others say what they need of it as protocols."""
    known = any(name.startswith("streams.delivery") for name in imports(source(module), module))
    assert not known or module in COMPOSITION or module.startswith(DELIVERY)


@pytest.mark.parametrize("module", modules("streams"))
def test_streams_do_not_know_views(module: str) -> None:
    """Data flows one way: the layer below does not import the one above."""
    assert "views" not in tops(imports(source(module), module))


@pytest.mark.parametrize("module", modules("views"))
def test_views_know_streams_by_their_ports_only(module: str) -> None:
    """Views say what they need as protocols; the process hands it to them."""
    names = {name for name in imports(source(module), module) if name.split(".")[0] == "streams"}
    assert names <= VIEWS_MAY_IMPORT


@pytest.mark.parametrize("module", modules("monitoring"))
def test_monitoring_is_below_what_it_observes(module: str) -> None:
    """Whoever is observed imports it, not the other way round."""
    assert not tops(imports(source(module), module)) & {"streams", "views"}


@pytest.mark.parametrize("module", modules(*PACKAGES))
def test_layers_meet_where_the_process_is_composed(module: str) -> None:
    """Only the composition imports both sides."""
    both = {"streams", "views"} <= tops(imports(source(module), module)) | {module.split("/")[0]}
    assert not both or module in COMPOSITION


@pytest.mark.parametrize("module", modules(*PACKAGES))
def test_long_modules_say_why(module: str) -> None:
    """A module that does not fit in a sitting says in its docstring why it is not two."""
    text = source(module)
    if len(text.splitlines()) > LINES:
        lines = (ast.get_docstring(ast.parse(text)) or "").splitlines()
        assert any(line.startswith("Why so long:") for line in lines)


SCRIPTS: Final = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "views" / "ui").rglob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_long_scripts_say_why(script: str) -> None:
    """The same of the page's modules, each of which begins by saying what it is."""
    text = (ROOT / script).read_text()
    head = text.removeprefix('/// <reference lib="webworker" />\n').partition("*/")[0]
    assert head.startswith("/**")
    if len(text.splitlines()) > LINES:
        assert "Why so long:" in head


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_keep_their_layers(script: str) -> None:
    """`lib/` knows nothing of tasks, `model/` nothing of pages; only what is below is imported."""
    layer = script.split("/")[3] if script.count("/") > 3 else ""
    forbidden = {
        "lib": r"\.\./(?!model/types)",
        "model": r"\.\./(parts|pages|dialogs|detail|activity|search|settings|actions)",
    }
    if layer in forbidden:
        imported = re.findall(r'^import .*?from "([^"]+)";', (ROOT / script).read_text(), re.MULTILINE)
        assert not [name for name in imported if re.match(forbidden[layer], name)]


def test_the_rules_look_at_something() -> None:
    """A renamed folder must not make the rules pass by finding nothing."""
    assert all(modules(package) for package in PACKAGES)
    assert "views/ui/js/lib/dom.js" in SCRIPTS
    assert "tasksys/decider.py" in PURE
    assert not [module for module in PURE if "cli" in module]
