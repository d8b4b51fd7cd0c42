"""The import rules: between the packages, between the wings of the server, and inside the wings."""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.processes import ROOT

ALLOWED = {
    "chat_protocol": {"chat_protocol"},
    "tcp_server": {"tcp_server", "chat_protocol"},
    "web_gateway": {"web_gateway", "chat_protocol"},
    "chat_client": {"chat_client", "chat_protocol"},
    "cli_client": {"cli_client", "chat_client", "chat_protocol"},
}
TOP_LEVEL = {path.parent.name for path in ROOT.glob("*/*.py")} | {"tests", "benchmarks", "tools"}

# What runs without a web framework and without a terminal.
THIRD_PARTY = {
    "chat_protocol": {"msgspec", "structlog", "prometheus_client"},  # those of extras only if they are there
    "chat_client": {"msgspec", "pyte"},
    "tcp_server": {"msgspec", "precis_i18n", "confusable_homoglyphs", "platformdirs", "redis"},
}


# The wings of the server: each may import those behind it, `log` and `texts` none.
WINGS = (
    "__main__",
    "cli",
    "maintenance",
    "server",
    "acceptor",
    "wakeup",
    "operator_acts",
    "open_log",
    "metrics",
    "cluster",
    "connection",
    "sequencer",
    "dialects",
    "room",
    "texts",
    "log",
    "operator_socket",
    "config",
    "redis_url",
)
ALONE = {"texts", "log", "redis_url", "wakeup"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of every import of a file, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, (node.module or "").partition(".")[0] if not node.level else path.parent.name


@pytest.mark.parametrize("package", ALLOWED)
def test_nothing_crosses_between_packages(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"{package} is gone"
    crossings = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        for line, name in imported(path)
        if name in TOP_LEVEL and name not in ALLOWED[package]
    ]
    assert not crossings, "\n".join(crossings)


@pytest.mark.parametrize("package", THIRD_PARTY)
def test_what_a_package_needs_installed(package: str) -> None:
    known = sys.stdlib_module_names | ALLOWED[package] | THIRD_PARTY[package]
    foreign = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, name in imported(path)
        if name not in known
    ]
    assert not foreign, "\n".join(foreign)


def modules_imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                is_module = (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
                yield module if is_module else node.module


def wing_of(module: str) -> str:
    """Return the wing of a module of the server: `tcp_server.room.names` is in `room`."""
    return module.split(".")[1]


def test_the_wings_of_the_server_import_one_way() -> None:
    crossings = []
    for path in sorted((ROOT / "tcp_server").rglob("*.py")):
        if path == ROOT / "tcp_server" / "__init__.py":
            continue
        own = path.relative_to(ROOT / "tcp_server").with_suffix("").parts[0]
        assert own in WINGS, f"{path} is in no wing"
        allowed = {own} if own in ALONE else {own, *WINGS[WINGS.index(own) + 1 :]}
        crossings += [
            f"{path.relative_to(ROOT)} imports {module}"
            for module in modules_imported(path)
            if module.startswith("tcp_server.") and wing_of(module) not in allowed
        ]
    assert not crossings, "\n".join(crossings)


def test_the_room_knows_no_socket_and_no_thread() -> None:
    forbidden = {"socket", "threading", "select", "selectors", "queue", "asyncio", "concurrent"}
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for wing in ("room", "dialects")
        for path in sorted((ROOT / "tcp_server" / wing).rglob("*.py"))
        for line, name in imported(path)
        if name in forbidden
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("package", ALLOWED)
def test_no_module_imports_itself_by_way_of_others(package: str) -> None:
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): set(modules_imported(path))
        for path in (ROOT / package).rglob("*.py")
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_the_rule_sees_every_kind_of_import(tmp_path: Path) -> None:
    source = tmp_path / "tcp_server" / "module.py"
    source.parent.mkdir()
    source.write_text(
        "import web_gateway.relay as r\ndef f():\n    from cli_client.chat import Chat\nfrom . import x\n"
    )
    assert set(imported(source)) == {(1, "web_gateway"), (3, "cli_client"), (4, "tcp_server")}


JS = ROOT / "static" / "js"
VENDOR = ROOT / "static" / "vendor"
FLOORS = {
    "lib": 0,
    "model": 1,
    "view": 2,
    "view/transcript": 3,
    "view/moderation": 3,
    "view/notifications": 3,
    "view/acts": 4,
    "view/composer": 4,
    ".": 5,
}
"""Folders of the page's modules: each imports from lower floors and from itself."""

# Imports of code, and of types in comments.
JS_IMPORT = re.compile(r"""(?:\bfrom |\bimport\()"(\.[^"]+)\"""")
DOM = re.compile(
    r"\b(document|window|location|matchMedia|requestAnimationFrame|addEventListener|querySelector\w*"
    r"|getElement\w*|HTML\w*Element|Element|Node|(local|session)Storage)\b"
)
NETWORK = re.compile(r"\b(fetch|WebSocket|XMLHttpRequest|EventSource|sendBeacon)\b")


def js_imports(path: Path) -> list[Path]:
    """Return the modules that a module of the page imports."""
    return [(path.parent / target).resolve() for target in JS_IMPORT.findall(path.read_text())]


def js_folder(path: Path) -> str:
    return path.parent.relative_to(JS).as_posix()


def js_closure(folder: str) -> set[Path]:
    """Return the modules in a folder, and all that they import."""
    found: set[Path] = set()
    pending = list((JS / folder).rglob("*.js"))
    assert pending, f"static/js/{folder} is gone"
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += js_imports(path)
    return found


def test_the_page_imports_one_way() -> None:
    crossings = [
        f"{path.relative_to(ROOT)} imports {target.relative_to(ROOT)}"
        for path in sorted(JS.rglob("*.js"))
        for target in js_imports(path)
        if VENDOR not in target.parents
        if js_folder(target) != js_folder(path) and FLOORS[js_folder(target)] >= FLOORS[js_folder(path)]
    ]
    assert not crossings, "\n".join(crossings)


def test_the_pages_models_know_no_dom() -> None:
    touching = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted(js_closure("model") - {JS / "lib" / "storage.js"})
        for match in DOM.finditer(path.read_text())
    ]
    assert not touching, "\n".join(touching)


def test_the_pages_views_know_no_network() -> None:
    touching = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted((JS / "view").rglob("*.js"))
        for match in NETWORK.finditer(path.read_text())
    ]
    assert not touching, "\n".join(touching)
