"""Whole servers in this process, which share a stream in memory."""

import threading
import time
from pathlib import Path
from typing import Any

from tcp_server.config import Config
from tcp_server.server import ChatServer
from tests.support.memory_stream import MemoryRedis, MemoryStream
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT


class Servers:
    """Servers that are started and stopped by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = MemoryRedis(time.time)
        self.running: dict[int, tuple[ChatServer, MemoryStream, threading.Thread]] = {}

    def path(self, number: int) -> Path:
        return self.folder / f"{number}.db"

    def start(self, number: int, **settings: Any) -> ChatServer:
        config = Config(
            host=("127.0.0.1",),
            port=0,
            history=str(self.path(number)),
            **{"node": f"server {number}", "rate": 0, **settings},
        )
        stream = MemoryStream(self.redis)
        server = ChatServer(config, stream)
        thread = threading.Thread(target=server.serve)
        thread.start()
        self.running[number] = server, stream, thread
        return server

    def server(self, number: int) -> ChatServer:
        return self.running[number][0]

    def stream(self, number: int) -> MemoryStream:
        return self.running[number][1]

    def stop(self, number: int) -> ChatServer:
        server, _, thread = self.running.pop(number)
        server.stop()
        thread.join()
        return server

    def client(self, number: int) -> JsonClient:
        return JsonClient(self.server(number).addresses[0][:2], timeout=TIMEOUT)

    def close(self) -> None:
        self.redis.come_back()
        for number in [*self.running]:
            self.stop(number)


def say(servers: Servers, number: int, *texts: str, name: str = "Anna") -> None:
    with servers.client(number) as client:
        client.join(name, history=0)
        for text in texts:
            client.say_json(type="say", ref=text, text=text)
        client.fence()
        client.leave()


def history(servers: Servers, number: int) -> list[str]:
    with servers.client(number) as client:
        welcome = client.join("reader", history=100)
        client.leave()
    return [message["text"] for message in welcome["messages"]]
