"""The page, its files and its version, through Flask's test client."""

import base64
import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

from chat_protocol.commands import describe_table
from tests.support.processes import ROOT
from tests.test_imports import JS
from tests.web_gateway.conftest import client_of
from web_gateway.assets import Assets, _modules
from web_gateway.config import Config

CODINGS = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    with client_of(Config()) as client:
        yield client


def test_the_page_is_in_the_readers_language(client: FlaskClient) -> None:
    for wanted, language, text in (
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru", "Как вас зовут?"),
        ("de,ru;q=0.5", "ru", "Как вас зовут?"),
        ("en-US@posix", "en", "What is your name?"),
        ("fr", "en", "What is your name?"),
        ("", "en", "What is your name?"),
    ):
        page = client.get("/", headers={"Accept-Language": wanted})
        assert page.status_code == 200
        assert page.content_type == "text/html; charset=utf-8"
        assert page.headers["Content-Language"] == language
        assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page.headers["Vary"].split(",")}
        assert f'<html lang="{language}"' in page.text
        assert text in page.text


def test_the_language_that_the_reader_has_chosen_comes_first(client: FlaskClient) -> None:
    for chosen, language in (("ru", "ru"), ("en", "en"), ("xx", "en"), ("", "en")):
        client.set_cookie("oneroom_language", chosen)
        page = client.get("/", headers={"Accept-Language": "en"})
        assert page.headers["Content-Language"] == language


def test_the_page_is_always_revalidated_and_sent_again_only_if_it_differs(client: FlaskClient) -> None:
    tags = set()
    for language in ("ru", "en"):
        for coding in ("br", "gzip", "identity"):
            wants = {"Accept-Language": language, "Accept-Encoding": coding}
            page = client.get("/", headers=wants)
            assert page.headers["Cache-Control"] == "no-cache"
            again = client.get("/", headers={**wants, "If-None-Match": page.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["Cache-Control"] == "no-cache"
            tags.add(page.headers["ETag"])
    assert len(tags) == 6


def test_every_file_is_compressed_cached_for_ever_and_secured(client: FlaskClient) -> None:
    assets = Assets(ROOT / "static", ROOT / "templates")
    for name, asset in assets.files.items():
        for accepted in ("br, gzip", "gzip", "br;q=0, gzip", ""):
            path = f"/static/{assets.version}/{name}"
            response = client.get(path, headers={"Accept-Encoding": accepted})
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "public, immutable, max-age=31536000"
            assert response.headers["Vary"] == "Accept-Encoding"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            coding = response.headers.get("Content-Encoding", "identity")
            assert coding in (*accepted.replace("br;q=0", "").split(", "), "identity")
            assert CODINGS.get(coding, bytes)(response.data) == asset.bodies["identity"]
            assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
    app = client.get(f"/static/{assets.version}/js/app.js", headers={"Accept-Encoding": "gzip"})
    assert app.content_type == "text/javascript; charset=utf-8"
    assert app.headers["Content-Encoding"] == "gzip"
    assert int(app.headers["Content-Length"]) == len(app.data)


@pytest.mark.parametrize(
    "path",
    [
        "/static/0123456789abcdef/js/app.js",
        "/static/js/app.js",
        "/static/{version}/js/",
        "/static/{version}/i18n/ru.json",
        "/static/{version}/../{version}/js/app.js",
        "/static/{version}/%2e%2e/pyproject.toml",
    ],
)
def test_nothing_else_is_there_and_that_is_not_cached(client: FlaskClient, path: str) -> None:
    version = Assets(ROOT / "static", ROOT / "templates").version
    response = client.get(path.format(version=version))
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


def test_the_page_has_the_table_of_commands(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(
        '<script id="command-table" type="application/json">(.*?)</script>', client.get("/").text
    )
    assert found is not None
    assert json.loads(found[1]) == describe_table()
    monkeypatch.setattr("web_gateway.assets.describe_table", dict)
    changed = Assets(ROOT / "static", ROOT / "templates").version
    assert f'data-version="{changed}"' not in client.get("/").text


def test_the_version_is_that_of_the_page(client: FlaskClient) -> None:
    response = client.get("/version")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert f'data-version="{response.json["page"]}"' in client.get("/").text


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    for name in ("static", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = Assets(tmp_path / "static", tmp_path / "templates")
    versions = {before.version}
    for name in ("static/js/lib/dom.js", "static/i18n/ru.json", "templates/index.html"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        versions.add(Assets(tmp_path / "static", tmp_path / "templates").version)
    assert len(versions) == 4


def test_the_sheets_are_joined_in_their_order() -> None:
    assets = Assets(ROOT / "static", ROOT / "templates")
    joined = assets.files["css/page.css"].bodies["identity"].decode()
    sheets = [path.read_text() for path in (ROOT / "static" / "css").glob("*.css") if path.name != "page.css"]
    assert sorted(joined) == sorted("".join(sheets))
    assert joined.index(":root") < joined.index("/* The login page") < joined.index("/* For the oldest")


def test_all_modules_but_those_for_later_are_loaded_at_once(client: FlaskClient) -> None:
    preloaded = re.findall(r'rel="modulepreload" href="static/\w+/(.*?)"', client.get("/").text)
    assert len(preloaded) == len(set(preloaded))
    static = ROOT / "static"
    contents = {path.relative_to(static).as_posix(): path.read_bytes() for path in static.rglob("*.js")}
    entries = (
        *("js/tools.js", "js/lib/highlight.js", "js/view/terminal_view.js"),
        "js/view/transcript/live_view.js",
    )
    late = {entry: {entry, *_modules(entry, contents)} for entry in entries}
    at_once = {*preloaded, "js/app.js", "js/boot.js"}
    assert at_once.union(*late.values()) == contents.keys()
    assert at_once.isdisjoint((*late, "js/view/search_panel.js", "js/view/acts/emoji_picker.js"))


def test_the_only_script_in_the_html_is_allowed_by_its_hash(client: FlaskClient) -> None:
    page = client.get("/")
    (script,) = re.findall("<script>(.*?)</script>", page.text, re.DOTALL)
    assert script == (JS / "boot.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"; script-src 'self' 'sha256-{digest}'; " in page.headers["Content-Security-Policy"]
