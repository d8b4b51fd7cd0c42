"""A server of a cluster that has to begin at the newest checkpoint starts itself again, where it was."""

import subprocess
import sys

from tests.support.processes import ROOT, find_address
from tests.support.timing import TIMEOUT

_PROGRAM = """
import os, sys
from tcp_server import cli
from tcp_server.server import ChatServer

def serve(server):
    server._leave_cluster("it has to begin at the newest checkpoint", True)
    server._close()

ChatServer.serve = serve
os.execv = lambda program, arguments: print(program == sys.executable, *arguments[-2:])
cli.main(["--host=127.0.0.1", "--port=0", "--history=memory"])
"""


def test_it_keeps_its_port() -> None:
    command = (sys.executable, "-c", _PROGRAM)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    announced, restarted = done.stdout.splitlines()
    assert restarted == f"True --port {find_address(announced).port}"
