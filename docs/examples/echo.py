"""Says again what others say: `python echo.py HOST:PORT`."""

from chat_client import connect, run


def main(address: str) -> None:
    with connect(address, "echo") as chat:
        for message in chat.messages():
            chat.say(f"{message.name}: {message.text}"[: chat.max_text])


if __name__ == "__main__":
    run(main, "HOST:PORT")
