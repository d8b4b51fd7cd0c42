"""Files of a former version of the page, which stays open while gateways are replaced."""

import os
import shutil
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat_protocol.log_event import LOGGER
from tests.support.processes import ROOT
from web_gateway.app import assets
from web_gateway.assets import Assets
from web_gateway.page import page
from web_gateway.page_archive import PageArchive

TOOLS = "js/tools.js"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    folder = tmp_path_factory.mktemp("newer")
    shutil.copytree(ROOT / "static", folder / "static")
    with (folder / "static" / TOOLS).open("a") as file:
        file.write("// new\n")
    return Assets(folder / "static", ROOT / "templates")


def serve(page_files: Assets, folder: Path) -> FlaskClient:
    """Make a gateway with this page and this folder, as far as the page needs one."""
    app = Flask(__name__, static_folder=None)
    archive = PageArchive(folder)
    archive.add(page_files)
    app.register_blueprint(page(page_files, archive))
    return app.test_client()


def test_versions_of_two_gateways_are_served_by_both(newer: Assets, tmp_path: Path) -> None:
    older = assets()
    before = serve(older, tmp_path / "made" / "here")
    after = serve(newer, tmp_path / "made" / "here")
    for gateway, version in ((after, older), (before, newer), (after, newer), (after, older)):
        answer = gateway.get(f"/static/{version.version}/{TOOLS}", headers={"Accept-Encoding": ""})
        assert answer.data == version.files[TOOLS].bodies["identity"]
        assert answer.headers["Cache-Control"] == "public, immutable, max-age=31536000"
        assert answer.content_type == "text/javascript; charset=utf-8"
    compressed = after.get(f"/static/{older.version}/{TOOLS}", headers={"Accept-Encoding": "br"})
    assert compressed.data == older.files[TOOLS].bodies["br"]


def test_nothing_else_is_served(newer: Assets, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    gateway = serve(newer, folder)
    shutil.copy(folder / f"{newer.version}.zip", tmp_path / "0123456789abcdef.zip")
    (folder / "f123456789abcdef.zip").write_bytes(b"PK, but no archive")
    for path in (
        f"../0123456789abcdef/{TOOLS}",
        f"%2e%2e%2f0123456789abcdef/{TOOLS}",
        f"0123456789abcdef/{TOOLS}",
        f"f123456789abcdef/{TOOLS}",
        f"{newer.version}/../archive/{newer.version}.zip",
        f"{newer.version}/js/nothing.js",
    ):
        answer = gateway.get(f"/static/{path}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_newest_versions_are_kept(newer: Assets, tmp_path: Path) -> None:
    names = [f"{number:016x}.zip" for number in range(6)]
    for number, name in enumerate(names):
        (tmp_path / name).touch()
        _set_age(tmp_path / name, 100 - number)
    serve(newer, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names[2:], f"{newer.version}.zip"}
    _set_age(tmp_path / f"{newer.version}.zip", 1000)
    (tmp_path / names[0]).touch()
    serve(newer, tmp_path)  # it is the newest again
    assert (tmp_path / f"{newer.version}.zip").exists()


def test_without_a_folder_to_write_to_the_gateway_serves_its_own_page(
    newer: Assets, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    gateway = serve(newer, tmp_path / "file")
    assert [record.message for record in caplog.records if record.name == LOGGER] == [
        "page not kept for later"
    ]
    assert gateway.get(f"/static/{newer.version}/{TOOLS}").status_code == 200
    assert gateway.get(f"/static/0123456789abcdef/{TOOLS}").status_code == 404


def _set_age(path: Path, seconds: int) -> None:
    os.utime(path, (time.time() - seconds,) * 2)
