import subprocess
import sys

import pytest

from tcp_server.cluster.opening import open_stream
from tcp_server.cluster.stream import Unfit
from tcp_server.redis_url import parse
from tests.support.processes import ROOT


def test_a_server_on_its_own_imports_no_redis() -> None:
    program = "import sys, tcp_server.__main__; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    url = parse("redis://nowhere")
    assert url is not None
    for module in [name for name in sys.modules if name.startswith(("redis", "tcp_server.cluster.redis"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "tcp_server.cluster.link", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(Unfit, match=r"pip install 'oneroom\[cluster\]'"):
        open_stream(url)
