"""Programs that are started by forking."""

import os

import pytest

from tests.support.forks import _ForkingPython


def test_the_first_start_in_another_environment_prevents_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setenv("PAGER", "more")
        python = _ForkingPython("cli_client")
    try:
        assert python.can_be(os.environ)
        assert not python.can_be(os.environ | {"PAGER": "more"})
    finally:
        python.close()
