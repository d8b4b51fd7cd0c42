"""What a test may need and a machine may lack.

Such a test is skipped; with ONEROOM_NO_SKIP=1, as in the project's own checks, it
fails instead (see `conftest.py`).
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.processes import ROOT

# Programs that serve stand where only root's PATH looks.
_SERVICES = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"

CHROMIUM = shutil.which("chromium") or ""
HAPROXY = shutil.which("haproxy", path=_SERVICES) or ""
NGINX = shutil.which("nginx", path=_SERVICES) or ""
OPENSSL = shutil.which("openssl") or ""
ORIGINAL = Path(os.environ.get("ONEROOM_ORIGINAL") or ROOT.parent / "shared" / "original")
"""The folder with the original chat's `server.py` and `client.py`."""

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
needs_haproxy = pytest.mark.skipif(not HAPROXY, reason="HAProxy is not installed")
needs_nginx = pytest.mark.skipif(not NGINX, reason="nginx is not installed")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")
needs_original = pytest.mark.skipif(
    not (ORIGINAL / "client.py").is_file(), reason="the original scripts are not there"
)
