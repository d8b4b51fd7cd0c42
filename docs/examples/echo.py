"""Says again what others say: `python echo.py HOST:PORT`."""

import sys

from chat_client import connect


def main() -> None:
    with connect(sys.argv[1], "echo") as chat:
        for message in chat.messages():
            chat.say(f"{message.name}: {message.text}"[: chat.max_text])


if __name__ == "__main__":
    main()
