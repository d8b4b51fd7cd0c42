"""The house keeps its shape: files of one idea, entrances of a few lines."""

from pathlib import Path

import pytest

from tests.support.processes import ROOT

PACKAGES = ("chat_protocol", "tcp_server", "web_gateway", "cli_client")
SOURCES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PAGE = sorted(path.relative_to(ROOT) for kind in ("*.js", "*.css") for path in (ROOT / "static").rglob(kind))


@pytest.mark.parametrize("path", SOURCES + PAGE, ids=str)
def test_no_file_is_longer_than_one_idea(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= 400


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_an_entrance_only_leads_in(package: str) -> None:
    assert len((ROOT / package / "__main__.py").read_text().splitlines()) <= 8
