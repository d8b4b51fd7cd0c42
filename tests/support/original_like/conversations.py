"""What is said to a chat of the original kind to hear what it answers.

`python -m tests.support.original_like.conversations WHICH` prints what one of `SCRIPTS`
is heard to say; `transcripts.json` is what the original printed.
"""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.support.original_like import SCRIPTS, Chat, client_of, serving
from tests.support.raw import PROMPT, RawClient

TRANSCRIPTS: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("transcripts.json").read_text(encoding="utf-8")
)

_SCRIPT: Final[list[tuple[str, str | None]]] = [
    ("Анна", "Анна"),
    ("Борис", "Борис"),
    ("Анна", "привет"),
    ("Вера Павловна", "Вера Павловна"),
    ("Борис", "как дела, Анна?"),
    ("Вера Павловна", "  с пробелами  "),
    ("Анна", "два\nряда\n\nи ещё"),
    ("Анна", "/who"),
    ("Борис", '{"type":"leave"}'),
    ("Борис", "😀 " + "длинно " * 70),
    ("Вера Павловна", None),
    ("Анна", "tab\tulator"),
    ("Вера", "Вера"),
    ("Вера", "GET / HTTP/1.1"),
    ("Анна", None),
    ("Борис", "нас двое"),
]
"""Who says what; the first thing anybody says is the name, and None is to go."""


def conversation(chat: Chat) -> list[list[str]]:
    """Hold the conversation of the script over bare sockets; return who read what, after which step."""
    heard: list[list[str]] = []
    present: dict[str, RawClient] = {}
    with ExitStack() as stack:
        for name, text in _SCRIPT:
            step = f"{name}: {text}"
            if name not in present:
                client = stack.enter_context(RawClient(chat.address))
                heard.append([step, name, _read_once(client)])
                client.send(name)
                chat.wait_until_in(client, name)
            elif text is None:
                present.pop(name).close()
            else:
                present[name].send(text)
            heard += [[step, other, _read_once(reader)] for other, reader in present.items() if other != name]
            if text is not None and name not in present:
                present[name] = client
    return heard


def _read_once(client: RawClient) -> str:
    """What one `recv` of the original client's size gives."""
    return client.socket.recv(1024).decode()


def faults(chat: Chat) -> list[str]:
    """Do what the original takes badly; return what another one hears each time.

    Our server does better, so this is for the stand-in alone.
    """
    with RawClient(chat.address) as boris, RawClient(chat.address) as anna:
        for name, client in (("Борис", boris), ("Анна", anna)):
            client.expect(PROMPT)
            client.send(name)
            chat.wait_until_in(client, name)
        heard = [boris.read_until("чату!")]
        anna.send("я" * 599 + "!")  # more bytes than one read takes
        heard.append(boris.read_until("яя!"))
        anna.send("я".encode()[:1])
        heard.append(boris.read_until("чат."))
        with RawClient(chat.address) as nobody:
            nobody.expect(PROMPT)
        heard.append(boris.read_until("чат."))
    return [chunk.decode() for chunk in heard]


def screens(which: str, chat: Chat) -> list[str]:
    """Let two people talk through clients of that kind; return what each saw on the screen."""
    with client_of(which, chat) as (anna, type_anna):
        with RawClient(chat.address) as observer:
            observer.expect(PROMPT)
            observer.send("Наблюдатель")
            chat.wait_until_in(observer, "Наблюдатель")
            type_anna("Анна")
            observer.expect("Анна присоединился к чату!")
            with client_of(which, chat) as (boris, type_boris):
                type_boris("Борис")
                observer.expect("Борис присоединился к чату!")
                anna.stdout.wait_for("Борис присоединился к чату!\n")
                type_anna("привет, Борис 😀")
                boris.stdout.wait_for("Анна: привет, Борис 😀\n")
                type_boris("и тебе привет")
                anna.stdout.wait_for("Борис: и тебе привет\n")
            anna.stdout.wait_for("Борис покинул чат.\n")
        anna.stdout.wait_for("Наблюдатель покинул чат.\n")
    assert anna.stderr.text == boris.stderr.text == ""
    return [anna.stdout.text, boris.stdout.text]


def transcripts(which: str) -> dict[str, Any]:
    """Return what a server, and its own client, are heard to say."""
    assert which in SCRIPTS
    with serving(which) as chat:
        said = {"conversation": conversation(chat)}
    with serving(which) as chat:
        found: dict[str, Any] = said | {"faults": faults(chat)}
    with serving(which) as chat:
        return found | {"screens": screens(which, chat)}


if __name__ == "__main__":
    print(json.dumps(transcripts(sys.argv[1]), ensure_ascii=False, indent=1))
