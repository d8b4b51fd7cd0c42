"""Asks a program at its status address."""

from urllib.error import HTTPError
from urllib.request import urlopen

from chat_protocol.address import Address
from tests.support.timing import TIMEOUT


def ask(address: Address, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    try:
        with urlopen(f"http://{address}{path}", timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
