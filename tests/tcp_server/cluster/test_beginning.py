"""What is wrong with the file of a server's log is told before it becomes part of a cluster."""

from pathlib import Path

import pytest

from tcp_server.cluster.beginning import begin
from tcp_server.log.log_file import BadHistory
from tests.support.memory_stream import MemoryRedis, MemoryStream


def test_a_file_that_is_no_log_is_told_as_by_a_single_server(tmp_path: Path) -> None:
    redis = MemoryRedis(lambda: 1_700_000_000.0)
    begin(MemoryStream(redis), tmp_path / "founder.db")
    other = tmp_path / "other.db"
    other.write_text("no log")
    with pytest.raises(BadHistory, match=r"^.*other\.db cannot be used as history: file is not a database$"):
        begin(MemoryStream(redis), other)


def test_a_folder_is_told_without_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(MemoryStream, "start")
    with pytest.raises(BadHistory, match="it is no regular file"):
        begin(MemoryStream(MemoryRedis(lambda: 0.0)), tmp_path)
