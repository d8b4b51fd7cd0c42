"""`oneroom-web hook`: makes, lists and removes webhooks."""

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from chat_protocol.address import Address
from chat_protocol.contract import RESERVED_NAME
from chat_protocol.settings import BadConfig
from chat_protocol.standard_streams import ArgumentParser, print_or_exit
from web_gateway.config import PROGRAM, Config
from web_gateway.hooks import add, load, remove


def hook(arguments: Sequence[str]) -> int:
    """Run the command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.act(_config(options.hooks), options, parser.unwritable)
    except (BadConfig, OSError) as error:
        print(f"oneroom-web hook: {error}", file=sys.stderr)
        return 1
    return 0


def _config(hooks: str | None) -> Config:
    """Load the settings of the gateway, with the file of the command line. Raises `BadConfig`."""
    config = PROGRAM.load(["--hooks", hooks] if hooks else [])
    if not config.hooks:
        raise BadConfig("give --hooks FILE, the file that the gateway is started with")
    return config


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="oneroom-web hook",
        description="Look after webhooks: addresses at which programs say something in the room.",
        epilog="A hook speaks only under a name that the server reserves: oneroom-server --reserve "
        "NAME=FILE, with the file that `add` names.",
    )
    acts = parser.add_subparsers(metavar="ACT", required=True)
    for name, act, words in (
        ("add", _add, "make one, and print its address, once"),
        ("list", _list, "print the names"),
        ("remove", _remove, "remove one: its address leads nowhere from then on"),
    ):
        command = acts.add_parser(name, help=words, description=words)
        command.set_defaults(act=act)
        command.add_argument(
            "--hooks", metavar="FILE", help="the file of the hooks; that of the settings if not given"
        )
        if name != "list":
            parse = _name if name == "add" else str
            command.add_argument("name", metavar="NAME", type=parse, help="under which the hook speaks")
        if name == "add":
            command.add_argument(
                "--token",
                metavar="FILE",
                type=Path,
                help="file of the token (default: NAME.token beside)",
            )
    return parser


def _name(text: str) -> str:
    """Return the name of a new hook. Raises `ArgumentTypeError` for one that no server can reserve."""
    name = text.strip()
    if not re.fullmatch(RESERVED_NAME, name):
        raise argparse.ArgumentTypeError(f"{text!r}: only letters, digits, spaces, and . - _")
    return name


def _add(config: Config, options: argparse.Namespace, unwritable: Callable[[str], str]) -> None:
    path = Path(config.hooks)
    token = options.token or path.with_name(f"{options.name}.token")
    page = config.public_url or f"http://{Address(config.host, config.port)}"

    def show(secret: str) -> None:
        print_or_exit(
            f"{page.rstrip('/')}/hooks/{secret}\n"
            "This address is shown only now; whoever has it can speak.\n"
            "If people open the page under another address, it begins like that one.\n"
            "The hook does not speak before the server reserves its name:\n"
            f"--reserve {shlex.quote(f'{options.name}={token.absolute()}')}\n",
            lambda reason: f"{unwritable(reason)}; no hook was made, as nobody would have its address",
            only_once=True,
        )

    add(path, options.name, token, show)


def _list(config: Config, _options: argparse.Namespace, unwritable: Callable[[str], str]) -> None:
    print_or_exit("".join(f"{one.name}\n" for one in load(Path(config.hooks))), unwritable)


def _remove(config: Config, options: argparse.Namespace, _unwritable: Callable[[str], str]) -> None:
    remove(Path(config.hooks), options.name)
