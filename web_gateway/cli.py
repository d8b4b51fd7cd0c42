"""The gateway's command line."""

import sys
from collections.abc import Sequence

from chat_protocol import standard_streams
from chat_protocol.errors import CannotListen
from chat_protocol.listener import listen
from chat_protocol.log_output import log_to_stderr
from chat_protocol.settings import BadConfig
from web_gateway.config import load
from web_gateway.gunicorn_server import serve_on
from web_gateway.hook_command import hook


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a gateway until SIGTERM or Ctrl-C, or `hook`. Return the exit status, or raise SystemExit.

    Prints the page's address in one line when it is ready to serve.
    """
    standard_streams.reserve()
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["hook"]:
        return hook(arguments[1:])
    try:
        log_to_stderr()
        config = load(arguments)
        log_to_stderr(config.log_level, config.log_format)
    except BadConfig as error:
        print(f"oneroom-web: {error}", file=sys.stderr)
        return 2
    try:
        serve_on(listen(config.host, config.port), config, lambda: load(arguments))
    except CannotListen as error:
        print(f"oneroom-web: {error}", file=sys.stderr)
        return 1
    return 0
