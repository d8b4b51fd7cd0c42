"""SIGUSR1 makes a server log the stack of each of its threads, and go on; other signals it ignores."""

import signal
from urllib.request import urlopen

import psutil

from tests.support.processes import running
from tests.support.raw import JsonClient


def test_the_server_shows_its_stacks_while_it_works() -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        JsonClient(server.address) as client,
    ):
        client.join("Анна")
        for number in range(100):
            client.say_json(type="say", ref=str(number), text="привет")
            server.process.send_signal(signal.SIGUSR1)
        assert len(client.fence()) == 100
        shown = server.stderr.wait_for("in ChatServer.serve\n")
        assert "session.py" in server.stderr.wait_for("names=housekeeper\n")
        assert "Анна" not in shown
        server.process.send_signal(signal.SIGUSR2)
        server.process.send_signal(signal.SIGQUIT)
        assert client.fence() == []


def test_the_gateway_passes_the_signal_to_the_process_that_serves() -> None:
    with running("web_gateway", "--port", "0") as gateway:
        gateway.process.send_signal(signal.SIGUSR1)
        shown = gateway.stderr.wait_for(lambda text: text.count("INFO stack threads=") == 3)
        assert "relay.py" in shown
        [worker] = psutil.Process(gateway.process.pid).children()
        worker.send_signal(signal.SIGUSR2)
        gateway.process.send_signal(signal.SIGUSR2)
        gateway.process.send_signal(signal.SIGQUIT)
        gateway.process.send_signal(signal.SIGUSR1)  # handled after them
        gateway.stderr.wait_for(lambda text: text.count("INFO stack threads=") >= 6)
        assert psutil.Process(gateway.process.pid).children() == [worker]
        with urlopen(f"http://{gateway.address}/", timeout=10) as page:
            assert page.status == 200
