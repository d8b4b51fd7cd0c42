"""The import rule: the programs import `chat_protocol`, and nothing else crosses between packages."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

ALLOWED = {
    "chat_protocol": {"chat_protocol"},
    "tcp_server": {"tcp_server", "chat_protocol"},
    "web_gateway": {"web_gateway", "chat_protocol"},
    "cli_client": {"cli_client", "chat_protocol"},
}
TOP_LEVEL = {path.parent.name for path in ROOT.glob("*/*.py")} | {"tests", "benchmarks", "tools"}

# What may run without a web framework in the house, and what needs nothing but itself.
THIRD_PARTY = {
    "chat_protocol": {"msgspec"},
    "tcp_server": {"msgspec", "precis_i18n", "confusable_homoglyphs", "platformdirs"},
}


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


def test_the_rule_sees_every_kind_of_import(tmp_path: Path) -> None:
    source = tmp_path / "tcp_server" / "module.py"
    source.parent.mkdir()
    source.write_text(
        "import web_gateway.relay as r\ndef f():\n    from cli_client.chat import Chat\nfrom . import x\n"
    )
    assert set(imported(source)) == {(1, "web_gateway"), (3, "cli_client"), (4, "tcp_server")}
