from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tcp_server.cluster.shared_rooms import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three servers of one room."""
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()
