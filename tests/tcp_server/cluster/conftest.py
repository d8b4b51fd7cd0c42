from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tcp_server.cluster.shared_rooms import Cluster
from tests.tcp_server.cluster.whole_servers import Servers


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three servers of one room."""
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Whole servers; none is started yet."""
    servers = Servers(tmp_path)
    yield servers
    servers.close()
