"""The gateway's command line."""

import logging
import sys
from collections.abc import Sequence

from chat_protocol.errors import CannotListen
from chat_protocol.settings import BadConfig
from web_gateway.config import load
from web_gateway.serving import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a gateway until it is told to stop. Returns the exit status, or ends by SystemExit."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    try:
        config = load(arguments)
    except BadConfig as error:
        print(f"oneroom-web: {error}", file=sys.stderr)
        return 2
    try:
        serve(config)
    except CannotListen as error:
        print(f"oneroom-web: {error}", file=sys.stderr)
        return 1
    return 0
