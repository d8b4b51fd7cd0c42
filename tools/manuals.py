"""Write man pages and shell completions of the programs: `python -m tools.manuals FOLDER`.

`make wheel` does it for a release: `hatch_build.py` packs the folder named by ONEROOM_SHARE.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import shtab
from argparse_manpage.manpage import Manpage

from chat_protocol.version import version
from cli_client.arguments import COMMANDS, Parser
from cli_client.translations import Translations
from tcp_server.config import DEFAULT_HISTORY
from tcp_server.config import PROGRAM as SERVER
from web_gateway.config import PROGRAM as GATEWAY

_COMPLETIONS = {
    "bash": "bash-completion/completions/{}",
    "zsh": "zsh/site-functions/_{}",
}
"""Where a shell looks for the completion of a program, below `share`."""

_SUMMARIES = {
    "oneroom": "chat in the terminal, and in scripts",
    "oneroom-server": "one chat room on a TCP port",
    "oneroom-web": "the page of a chat room",
}


_SERVERS = r"""
_oneroom_servers() {
  sed -En 's/^ *\[ *servers *\. *([^]]*)\].*/\1/p' "${XDG_CONFIG_HOME:-$HOME/.config}/oneroom/config.toml" \
    2>/dev/null | tr -d "\"' " | sed '/[][$`\\(){}*?!~;&|<>]/d'
}
"""
"""Prints the short names in the file of who types, those that have nothing that a shell expands."""

_COMPLETE_SERVERS = {
    "bash": "_oneroom_complete_server",
    "zsh": "_oneroom_complete_server",
    "preamble": {
        "bash": '_oneroom_complete_server() { compgen -W "$(_oneroom_servers)" -- "$1"; }\n',
        "zsh": f"""{_SERVERS}
_oneroom_complete_server() {{
  local -a names=(${{(f)"$(_oneroom_servers)"}})
  _describe 'server' names
}}
""",
    },
}
"""Completes them: what a shell calls, and how that is defined."""

_CORRECTED = {
    "bash": {
        "_shtab_oneroom_pos_0_choices=(": f"{_SERVERS}_shtab_oneroom_pos_0_choices=($(_oneroom_servers) "
    },
    "zsh": {
        "  _describe 'oneroom commands'": "  _oneroom_complete_server\n  _describe 'oneroom commands'",
        "\n      esac": "\n        *) _arguments -s ${_shtab_oneroom_options:#[:*]*} ;;\n      esac",
        ":HOST[:PORT]:": r":HOST[\:PORT]:",
    },
}
"""What shtab writes for the client, and what is to stand there.

A short name is a first word too, and options follow it; a colon ends a part of what zsh is told.
"""

_ENGLISH = Translations("en")


class _Command(Parser):
    """The parser of a command, as argparse makes it."""

    def __init__(self, *, prog: str, **_: Any) -> None:
        super().__init__(_ENGLISH, prog.rpartition(" ")[2])
        for action in self._actions:
            if action.dest == "address":
                action.complete = _COMPLETE_SERVERS  # type: ignore[attr-defined] # shtab looks for it


def parsers(*, has_address: bool) -> list[argparse.ArgumentParser]:
    """Return the parsers of the programs, in English; that of the client with those of its commands.

    A completion must not take the first word for the client's address: it may be a command.
    """
    texts = _ENGLISH

    client = Parser(texts, has_address=has_address)
    commands = client.add_subparsers(
        title="commands", prog="oneroom", metavar="COMMAND", parser_class=_Command
    )
    for command in COMMANDS:
        about = texts(f"about_{command}").replace("\n", " ")
        commands.add_parser(command, help=about)
    return [client, SERVER.parser(), GATEWAY.parser()]


def main(folder: Path) -> None:
    """Write `man/man1` and the completions below the folder, alike for every terminal."""
    os.environ["COLUMNS"] = "80"
    for parser in parsers(has_address=True):
        page = Manpage(parser, {"project_name": "Oneroom", "version": version(), "manual_title": "Oneroom"})
        page.description = _SUMMARIES[parser.prog]
        page.synopsis = _synopsis(parser)
        _write(folder / "man" / "man1" / f"{parser.prog}.1", str(page))
    for parser in parsers(has_address=False):
        for shell, place in _COMPLETIONS.items():
            text = shtab.complete(parser, shell)
            if parser.prog == "oneroom":
                for written, wanted in _CORRECTED[shell].items():
                    assert written in text, "shtab writes it in another way"
                    text = text.replace(written, wanted)
            _write(folder / place.format(parser.prog), text)


def _synopsis(parser: argparse.ArgumentParser) -> tuple[str, str]:
    """Return the program and its usages, each on a line of its own, where the library makes one of them."""
    usages = [usage.split(maxsplit=1) for usage in (parser.usage or "").replace("-", r"\-").split("\n")]
    return parser.prog, f"\n.br\n.B {usages[0][0]}\n".join(words for _, words in usages)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for path_of_builder in (DEFAULT_HISTORY, DEFAULT_HISTORY.replace("/", r"\/")):
        text = text.replace(path_of_builder, "~/.local/share/oneroom/history.db")
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
