"""A typical bridge with asyncio and the library `websockets`, to compare the gateway with.

It is as fast as that library allows: no compression, a whole received chunk as one frame, bytes
passed on without decoding. Arguments: the port to listen on, and the room's port.
"""

import asyncio
import sys
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

_PROMPT = "Введите ваше имя: ".encode()


async def _to_browser(reader: asyncio.StreamReader, browser: ServerConnection) -> None:
    await reader.readexactly(len(_PROMPT))
    rest = b""
    with suppress(ConnectionClosed):
        while chunk := await reader.read(65536):
            lines, found, begun = chunk.rpartition(b"\n")
            if found:
                await browser.send(rest + lines, text=True)
                rest = begun
            else:
                rest += begun
    await browser.close()


async def _serve(browser: ServerConnection, room_port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", room_port)
    back = asyncio.create_task(_to_browser(reader, browser))
    try:
        async for message in browser:
            assert isinstance(message, str)
            writer.write(message.encode() + b"\n")
            await writer.drain()
    finally:
        back.cancel()
        writer.close()


async def _main(port: int, room_port: int) -> None:
    server = await serve(
        lambda browser: _serve(browser, room_port), "127.0.0.1", port, compression=None, max_size=65536
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
