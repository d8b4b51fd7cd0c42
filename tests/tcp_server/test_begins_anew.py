"""A server of a cluster that has to begin at the newest checkpoint starts itself again, where it was."""

import os
import sys

import pytest

from tcp_server import cli
from tcp_server.server import ChatServer


def test_it_keeps_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []
    started: list[list[str]] = []

    def serve(server: ChatServer) -> None:
        ports.append(server.addresses[0].port)
        server._leave_cluster("it has to begin at the newest checkpoint", True)
        server._close()

    monkeypatch.setattr(ChatServer, "serve", serve)
    monkeypatch.setattr(os, "execv", lambda _, arguments: started.append(arguments))
    assert cli.main(["--host", "127.0.0.1", "--port", "0", "--history", "memory"]) == 1
    assert started == [[*sys.orig_argv, "--port", str(ports[0])]]
