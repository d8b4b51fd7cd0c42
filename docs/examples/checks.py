"""Runs checks for who calls its name, in a live message: `python checks.py HOST:PORT`; then say `@checks`."""

import subprocess

from chat_client import Client, Message, connect, run

CHECKS = {"disk": ["df", "-h", "/"], "load": ["uptime"]}


def answer(chat: Client, message: Message) -> None:
    wanted = [name for name in CHECKS if name in message.text] or list(CHECKS)
    with chat.live(f"checks: {' '.join(wanted)}") as live:
        chat.reply(message, f"→ #{live.started(30)}")
        for number, name in enumerate(wanted, 1):
            live.write(f"\x1b[1m{number}/{len(wanted)} {name}\x1b[0m\n")
            with subprocess.Popen(CHECKS[name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as check:
                assert check.stdout
                for line in check.stdout:
                    live.write(line)


def main(address: str) -> None:
    with connect(address, "checks") as chat:
        for message in chat.messages():
            if chat.name in message.mentions:
                answer(chat, message)


if __name__ == "__main__":
    run(main, "HOST:PORT")
