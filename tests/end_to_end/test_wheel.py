"""The wheel, installed without the checkout."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.processes import ROOT, running
from tests.support.requirements import ESBUILD, needs_esbuild

_PAGE = "web_gateway/static/"
_BUNDLE = {
    *("css/page.css", "js/app.js", "js/boot.js", "js/tools.js", "js/lib/highlight.js"),
    *("js/view/terminal_view.js", "js/view/transcript/live_view.js"),
    *("i18n/en.json", "i18n/ru.json", "icons/manifest.json", "icons/oneroom.svg", "icons/maskable.svg"),
    *("icons/touch.png", "icons/unread.svg", "icons/called.svg"),
}
PACKAGES = ("chat_protocol", "tcp_server", "web_gateway", "chat_client", "cli_client")


def do(*command: str | Path, cwd: Path = ROOT, words: str = "") -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, input=words, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the tree as it is."""
    folder = tmp_path_factory.mktemp("dist")
    do(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    (built,) = folder.glob("oneroom-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel as docs/docker/Dockerfile does, elsewhere, and return its folder of commands.

    Its dependencies are borrowed from this environment: that folder comes last on the
    path and links inside it (an editable install of the checkout) are not followed.
    """
    home = tmp_path_factory.mktemp("environment")
    step, *_ = re.findall("^RUN (.*)$", (ROOT / "docs/docker/Dockerfile").read_text(), re.MULTILINE)
    places = {"/tmp/": f"{wheel.parent}/", "/opt/oneroom": str(home)}
    programs = {"python3 -m": f"{sys.executable} -m", "&& pip": f"&& {sys.executable} -m pip"}
    for there, here in (places | programs).items():
        assert there in step
        step = step.replace(there, here)
    do("env", "PIP_NO_DEPS=1", "PIP_NO_INDEX=1", "PIP_QUIET=1", "sh", "-c", step)
    python = home / "bin" / "python"
    site = do(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_the_wheel_contains_the_packages_and_the_page_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert "web_gateway/templates/index.html" in names
    page = {
        name.removeprefix("web_gateway/static/") for name in names if name.startswith("web_gateway/static/")
    }
    shared = {name for name in page if name.startswith("js/chunk-")}
    assert page - shared == (_BUNDLE if ESBUILD.exists() else _files(ROOT / "static"))
    assert len(shared) == ESBUILD.exists()
    assert any(name.endswith("LICENSE") for name in names)


@needs_esbuild
def test_a_source_archive_has_the_bundle_and_makes_the_same_wheel_without_node(
    wheel: Path, tmp_path: Path
) -> None:
    untracked = ROOT / "untracked.db"  # as the history of a room that was started here
    untracked.touch(exist_ok=False)
    try:
        do(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", tmp_path)
    finally:
        untracked.unlink()
    (archive,) = tmp_path.glob("oneroom-*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    (source,) = tmp_path.glob("oneroom-*/")
    tracked = do("git", "ls-files").splitlines()
    known = {*(name.partition("/")[0] for name in tracked), "bundle", "PKG-INFO"}
    assert {path.name for path in source.iterdir()} <= known
    assert not list(source.rglob("*.db"))
    do(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path, cwd=source)
    (again,) = tmp_path.glob("oneroom-*.whl")
    assert again.read_bytes() == wheel.read_bytes()


def test_in_a_release_the_readme_leads_to_the_repository(tmp_path: Path) -> None:
    url = "https://example.org/one/room"
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    do("env", f"ONEROOM_URL={url}/", *command)
    with zipfile.ZipFile(next(tmp_path.glob("oneroom-*.whl"))) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    assert f"Project-URL: Source, {url}\n" in metadata
    version = re.findall("^Version: (.*)$", metadata, re.MULTILINE)[0]
    targets = re.findall(r"\]\(([^)]+)\)", metadata)
    pictures = [f"{url}/raw/v{version}/docs/images/recording-{theme}.webp" for theme in ("dark", "light")]
    assert re.findall('src(?:set)?="([^"]+)"', metadata) == pictures
    assert f"{url}/blob/v{version}/docs/terminal.md#in-scripts" in targets
    assert not [target for target in targets if not target.startswith("https:")]


def test_without_esbuild_the_modules_are_packed_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in (*PACKAGES, "static", "templates"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    said = do(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=source)
    assert "esbuild is not installed" in said
    with zipfile.ZipFile(next(source.glob("dist/*.whl"))) as archive:
        names = {name for name in archive.namelist() if name.startswith(_PAGE)}
    assert {name.removeprefix(_PAGE) for name in names} == _files(ROOT / "static")


def test_all_three_programs_run_from_the_wheel(installed: Path, wheel: Path, tmp_path: Path) -> None:
    python = installed / "python"
    site = installed.parent / "lib"
    for package in PACKAGES:
        found = do(python, "-c", f"import {package}; print({package}.__file__)", cwd=tmp_path)
        assert Path(found.strip()).is_relative_to(site), f"{package} is not the wheel's"

    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", python=python, cwd=tmp_path) as server,
        running(
            "web_gateway", "--port", "0", "--server", str(server.address), python=python, cwd=tmp_path
        ) as gateway,
    ):
        base = f"http://{gateway.address}"
        with urlopen(f"{base}/", timeout=10) as answer:
            page = answer.read().decode()
        script = re.search(r'src="(static/\w+/(js/app\.js))"', page)
        assert script, page
        with urlopen(f"{base}/{script[1]}", timeout=10) as answer:
            served = answer.read()
        with zipfile.ZipFile(wheel) as archive:
            assert served == archive.read(f"web_gateway/static/{script[2]}")
        do(python, "-m", "cli_client", str(server.address), "--name", "Анна", cwd=tmp_path, words="привет\n")


@pytest.mark.parametrize("command", ["oneroom", "oneroom-server", "oneroom-web"])
def test_the_commands_are_installed(installed: Path, tmp_path: Path, command: str) -> None:
    assert os.access(installed / command, os.X_OK)
    assert "--help" in do(installed / command, "--help", cwd=tmp_path)
