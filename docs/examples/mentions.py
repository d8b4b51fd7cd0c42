"""Answers who calls its name: `python mentions.py HOST:PORT`; then say `helper: time`."""

import re
import time
from collections.abc import Callable

from chat_client import Client, connect, run

ANSWERS: dict[str, Callable[[Client], str]] = {
    "time": lambda _: time.strftime("%H:%M"),
    "who": lambda chat: ", ".join(chat.members),
    "find": lambda chat: "; ".join(f"#{found.id}" for found in chat.search("deploy")) or "nothing",
}


def main(address: str) -> None:
    with connect(address, "helper") as chat:
        called = re.compile(rf"@?{re.escape(chat.name)}\b[:,]?\s*(\w*)", re.IGNORECASE)
        for message in chat.messages():
            if match := called.match(message.text):
                answer = ANSWERS.get(match[1].lower())
                chat.say(f"{message.name}: {answer(chat) if answer else ', '.join(ANSWERS)}")


if __name__ == "__main__":
    run(main, "HOST:PORT")
