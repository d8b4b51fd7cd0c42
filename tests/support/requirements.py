"""What a test may need and a machine may lack: programs, and features of the system.

Such a test is skipped, and the last line of the run says which packages bring what is
missing; with ONEROOM_NO_SKIP=1, as in the project's own checks, it fails instead (see
`conftest.py`).
"""

import os
import re
import resource
import select
import shutil
import socket
from collections.abc import Iterable
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.support.processes import ROOT

# Programs that serve stand where only root's PATH looks.
_PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"

PACKAGES: Final = {
    "cc": "gcc libc6-dev",
    "chromium": "chromium-headless-shell fonts-dejavu-core fonts-noto-color-emoji",
    "haproxy": "haproxy",
    "icui18n": "icu-devtools",
    "nc": "netcat-openbsd",
    "ncat": "ncat",
    "nginx": "nginx libnginx-mod-stream",
    "node": "nodejs",
    "openssl": "openssl",
    "plink": "putty-tools",
    "redis-server": "redis-server",
    "socat": "socat",
    "systemd-analyze": "systemd",
    "telnet": "inetutils-telnet",
    "tmux": "tmux",
}
"""Every program or library that some test needs, and the packages of Debian that bring it."""

_MISSING = re.compile(
    r"^(?:Skipped: |ONEROOM_NO_SKIP is set, but: )*the (?:program|library) (\S+) is not installed$"
)


def _find(program: str) -> str:
    return shutil.which(program, path=_PATH) or ""


def _needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not _find(program), reason=f"the program {program} is not installed")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


CHROMIUM_SHELL = _find("chromium-headless-shell") or _find("chromium")
"""For tests: Chromium without an interface of its own, which is a fifth less work; or the whole one."""
CHROMIUM = _find("chromium") or CHROMIUM_SHELL
"""For measurements and pictures: Chromium as people have it; or its shell."""
HAPROXY = _find("haproxy")
NGINX = _find("nginx")
ICU = find_library("icui18n")
OPENSSL = _find("openssl")
REDIS = _find("redis-server")
ORIGINAL = Path(os.environ.get("ONEROOM_ORIGINAL") or ROOT.parent / "shared" / "original")
"""The folder with the original chat's `server.py` and `client.py`, where they are (see `original_like`)."""

needs_cc = _needs("cc")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="the program chromium is not installed")
needs_haproxy = _needs("haproxy")
needs_icu = pytest.mark.skipif(not ICU, reason="the library icui18n is not installed")
needs_nc = _needs("nc")
needs_ncat = _needs("ncat")
needs_nginx = _needs("nginx")
needs_node = _needs("node")
needs_openssl = _needs("openssl")
needs_plink = _needs("plink")
needs_redis = _needs("redis-server")
needs_socat = _needs("socat")
needs_systemd = _needs("systemd-analyze")
needs_telnet = _needs("telnet")
needs_tmux = _needs("tmux")


def _needs_extra(module: str) -> pytest.MarkDecorator:
    reason = f"{module} is missing: run make .venv/development"
    return pytest.mark.skipif(find_spec(module) is None, reason=reason)


needs_structlog = _needs_extra("structlog")
needs_prometheus_client = _needs_extra("prometheus_client")

ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
needs_esbuild = pytest.mark.skipif(not ESBUILD.exists(), reason="esbuild is missing: run npm install")

needs_epoll = pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll")
needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this system has no IPv6 loopback address")
needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="this system does not limit another process"
)
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")


def how_to_install(reasons: Iterable[str]) -> str:
    """Return one line with the command that brings the programs these tests were skipped for, or nothing."""
    missing = sorted({found[1] for reason in reasons if (found := _MISSING.search(reason))})
    if not missing:
        return ""
    packages = " ".join(PACKAGES[program] for program in missing)
    return f"Not installed: {', '.join(missing)}. To run those tests too: apt-get install {packages}"
