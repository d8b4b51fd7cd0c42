from pathlib import Path

import pytest

from tcp_server.log import word_index


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log is to be, which is not there yet."""
    return tmp_path / "room.db"


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks of the search index, so that a few messages fill several."""
    monkeypatch.setattr(word_index, "_BLOCK", 4)
    monkeypatch.setattr(word_index, "_BLOCKS", 2)
