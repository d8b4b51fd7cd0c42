"""The command line, with help and errors in the user's language."""

import argparse
import os
import re
import socket
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal, NoReturn, TypeVar

from chat_protocol.standard_streams import ArgumentParser
from chat_protocol.text import one_line
from cli_client.translations import Translations

When = Literal["none", "mentions", "all"]
"""Of which messages a bell or a notification tells."""

COMMANDS: Final = ("say", "history", "search", "who", "run", "get")
"""First arguments that do one thing and end. A host of that name needs a port: `say:8080`."""


NOTIFY_WHEN: Final[tuple[When, ...]] = ("none", "mentions", "all")

Links = Literal["auto", "always", "never"]
"""Whether web addresses are hyperlinks of the terminal; auto: if it is known to take them."""

LINKS: Final[tuple[Links, ...]] = ("auto", "always", "never")


_Choice = TypeVar("_Choice", bound=str)

_EXIT_CODES: Final = {"": "exit_codes", "run": "exit_codes_of_run"}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Begins the usage in the user's language."""

    def __init__(self, prog: str, usage: str) -> None:
        super().__init__(prog, max_help_position=18, width=80)
        self._usage = usage

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or self._usage)


class _Version(argparse.Action):
    """Prints the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from chat_protocol.version import version  # noqa: PLC0415 - takes as long to load as all of the client

        parser._print_message(f"oneroom {version()}\n", sys.stdout)  # noqa: SLF001 - as argparse's own action
        parser.exit()


class Parser(ArgumentParser):
    """The parser of the program, or of one of its `COMMANDS`; `has_address` is False for completions."""

    def __init__(self, texts: Translations, command: str = "", *, has_address: bool = True) -> None:
        about = f"about_{command or 'program'}"
        super().__init__(
            prog=f"oneroom {command}".rstrip(),
            usage=texts(f"shell_{command or 'program'}"),
            description=texts(about),
            epilog=texts(_EXIT_CODES.get(command, "exit_codes_of_commands")),
            formatter_class=partial(_Help, usage=texts("usage")),
            add_help=False,
            allow_abbrev=False,
            exit_on_error=False,
        )
        self._texts = texts
        self._command = command
        self._options = self.add_argument_group(texts("options"))
        if has_address:
            self._add_address()
        self._add_own()
        self._add_common()

    def _add_address(self) -> None:
        text = self._texts
        if self._command and self._command != "run":
            self._add("--server", "option_address", dest="address", metavar=text("metavar_address"))
        else:
            self._add(
                "address",
                "option_address",
                nargs="?",
                metavar=text("metavar_address"),
                type=lambda typed: typed or None,
            )

    def _add_own(self) -> None:
        text, positive = self._texts, _positive
        match self._command:
            case "say":
                self._add("text", "option_text", nargs="*", metavar=text("metavar_text"))
                self._add("--reply", "option_reply", type=positive, metavar="N")
            case "history":
                self._add("--limit", "option_limit", type=positive, default=50, metavar="N")
                self._add("--before", "option_before", type=positive, metavar="N")
            case "search":
                self._add("words", "option_words", nargs="+", metavar=text("metavar_word"))
                self._add("--limit", "option_limit", type=positive, default=20, metavar="N")
            case "run":
                self._add("--title", "option_title", metavar=text("metavar_title"))
                return
            case "get":
                self._add("number", "option_number", type=positive, metavar="N")
                self._add("--follow", "option_follow_live", action="store_true")
                self._add("--color", "option_color", choices=("auto", "always", "never"), default="auto")
                return
            case "":
                notify = chosen(os.environ.get("ONEROOM_NOTIFY"), NOTIFY_WHEN)
                links = chosen(os.environ.get("ONEROOM_LINKS"), LINKS)
                self._add("--live", "option_live", metavar=text("metavar_title"))
                self._add("--code", "option_code", metavar=text("metavar_code"))
                self._add("--as-typed", "option_as_typed", action="store_true")
                self._add("--notify", "option_notify", choices=NOTIFY_WHEN, default=notify)
                self._add("--links", "option_links", choices=LINKS, default=links)
                self._add("--follow", "option_follow", action="store_true")
                self._add("--check-config", "option_check_config", action="store_true")
        self._add("--json", "option_json", action="store_true")

    def _add_common(self) -> None:
        text = self._texts
        timeout = "option_timeout_of_commands" if self._command else "option_timeout"
        name = os.environ.get("ONEROOM_NAME") or None
        self._add("--name", "option_name", default=name, metavar=text("metavar_name"))
        password = "option_password" if self._command in {"", "run"} else "option_password_of_commands"
        self._add("--password-file", password, metavar=text("metavar_file"))
        self._add("-4", "option_ipv4", dest="family", action="store_const", const=socket.AF_INET)
        self._add("-6", "option_ipv6", dest="family", action="store_const", const=socket.AF_INET6)
        self._add("--tls", "option_tls", action="store_true")
        self._add("--tls-ca", "option_tls_ca", metavar=text("metavar_file"))
        self._add("--tls-pin", "option_tls_pin", metavar="SHA256")
        self._add("--timeout", timeout, type=_seconds, metavar=text("metavar_seconds"))
        self._add("--or-similar", "option_or_similar", action="store_true")
        self._add("--config", "option_config", metavar=text("metavar_file"))
        self._add("--lang", "option_lang", choices=("ru", "en"), default=text.lang)
        self._add("--version", "option_version", action=_Version, nargs=0, default=argparse.SUPPRESS)
        self._add("-h", "option_help", "--help", action="help")
        self.set_defaults(family=socket.AF_UNSPEC)

    def _add(self, flag: str, text: str, *others: str, **settings: Any) -> None:
        self._options.add_argument(flag, *others, help=self._texts(text), **settings)

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; exit with code 2 and an explanation if they are wrong."""
        try:
            options, unknown = self.parse_known_args(arguments)
        except argparse.ArgumentError as error:
            if error.argument_name is None:
                self.error(error.message)
            self._refuse(_wrong(error, list(arguments)))
        # `--tls-pin "$UNSET"` must not mean "without a pin".
        empty = [action for action in self._actions if getattr(options, action.dest, None) == ""]
        unknown += [action.option_strings[-1] for action in empty]
        if unknown:
            self._refuse(" ".join(unknown))
        return options

    def error(self, message: str) -> NoReturn:
        """Explain what is missing: all that argparse itself complains of is "…: NAME, NAME"."""
        self._explain("arguments_missing", message.rpartition(": ")[2])

    def unwritable(self, reason: str) -> str:
        return f"oneroom: {self._texts('pipe_unwritable', reason=reason)}"

    def _refuse(self, arguments: str) -> NoReturn:
        """Say that these arguments cannot be understood."""
        self._explain("bad_arguments", arguments)

    def _explain(self, key: str, detail: str) -> NoReturn:
        """Print what is wrong and how it is used, and exit with code 2."""
        more = self._texts("arguments_more", command=f"{self.prog} --help")
        text = self._texts(key, detail=one_line(detail))
        self.exit(2, f"oneroom: {text}\n\n{self.format_usage()}{more}\n")

    def exit_with(self, error: str) -> NoReturn:
        """Print an error and exit with code 2."""
        self.exit(2, f"oneroom: {error}\n")


def _wrong(error: argparse.ArgumentError, arguments: list[str]) -> str:
    """Return the argument, and its value if there is one."""
    option = str(error.argument_name)
    if isinstance(error.__context__, argparse.ArgumentTypeError):
        return f"{option} {error.message}"
    value = arguments[arguments.index(option) + 1 :][:1] if option in arguments else []
    return " ".join([option, *(typed for typed in value if not typed.startswith("-"))])


def chosen(wanted: str | None, choices: Sequence[_Choice]) -> _Choice | None:
    """Return the choice that is wanted; None if it is none of them."""
    return next((choice for choice in choices if choice == wanted), None)


def _positive(typed: str) -> int:
    """Return a number from 1 to 9 digits, which may begin with # as in a message."""
    if not re.fullmatch(r"#?0*[1-9]\d{0,8}", typed, re.ASCII):
        raise argparse.ArgumentTypeError(typed)
    return int(typed.lstrip("#"))


def _seconds(typed: str) -> float:
    """Return a number of seconds above 0."""
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", typed, re.ASCII) or not float(typed):
        raise argparse.ArgumentTypeError(typed)
    return float(typed)
