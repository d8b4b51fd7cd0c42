"""The terminal client: what its command line asks for is run here."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from chat_client.identity import IdentityStore
from chat_client.joining import IfTaken
from chat_protocol.address import Address, parse_address
from chat_protocol.contract import DEFAULT_PORT
from chat_protocol.errors import BadAddress, BadTls
from chat_protocol.launcher import loading
from chat_protocol.standard_streams import encodable, print_or_exit, reserve
from chat_protocol.text import one_line
from cli_client.arguments import COMMANDS, Parser
from cli_client.config_file import BadConfig, Config, Server, default_path, load
from cli_client.output import print_error
from cli_client.pipe import Pipe, PipeOptions
from cli_client.room_options import RoomOptions
from cli_client.translations import Translations, system_language

if TYPE_CHECKING:  # ssl takes long to load, and most need none
    from chat_protocol.tls import Tls
    from cli_client.actions import Bound

_PIPE_SIZE: Final = (200, 50)
"""Columns and rows for a program that writes to a pipe: it hardly ever moves the cursor."""

_TLS_PORT: Final = 6697
"""Where docs/tls.md puts the room behind TLS."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code, as in `--help`."""
    reserve()
    arguments = sys.argv[1:] if arguments is None else arguments
    early = _early(arguments)
    config = _config(early.config, Translations(_language(early.lang, "")))
    texts = Translations(_language(early.lang, config.lang))
    command = arguments[0] if arguments and arguments[0] in COMMANDS else ""
    parser = Parser(texts, command)
    own, to_run = _split(arguments) if command == "run" else (arguments, [])
    options = parser.parse(own[1:] if command else own)
    if getattr(options, "check_config", False):
        return _check_config(options.config, config, texts, parser.unwritable)
    room = _room(parser, options, texts, config)
    if command == "run":
        return _run(parser, to_run, options, texts, room)
    if not command and _is_terminal() and not (options.follow or options.json or options.live):
        if _is_dumb():
            return _plain_terminal(room, texts, options)
        return _terminal(room, texts, options, config)
    room = _named(parser, room, texts)
    if not command and options.live:
        return _live_pipe(options, texts, room)
    return _one_shot(command, options, texts, room) if command else _filter(options, texts, room)


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return our arguments, and the command behind `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def _run(
    parser: Parser,
    command: Sequence[str],
    options: argparse.Namespace,
    texts: Translations,
    room: RoomOptions,
) -> int:
    if not command:
        parser.error("-- …")
    if os.name != "posix":
        parser.exit_with(texts("run_needs_posix"))
    room = _named(parser, room, texts)
    from cli_client.live_output import LiveOutput  # noqa: PLC0415 - the filter need not wait for it
    from cli_client.run import Run, title_of  # noqa: PLC0415 - only here, and not on every system

    title = options.title or title_of(command)
    run = Run(command)
    code = run.run(lambda: LiveOutput(room, texts, title, run.size, or_similar=options.or_similar))
    if run.unwritable:
        print_error(texts("pipe_unwritable", reason=run.unwritable))
    return code


def _live_pipe(options: argparse.Namespace, texts: Translations, room: RoomOptions) -> int:
    from cli_client.live_output import LiveOutput  # noqa: PLC0415 - as above
    from cli_client.live_pipe import run_live_pipe  # noqa: PLC0415

    live = LiveOutput(room, texts, options.live, _PIPE_SIZE, or_similar=options.or_similar)
    return run_live_pipe(live, lambda reason: print_error(texts("pipe_unwritable", reason=reason)))


def _early(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what is parsed first: errors in the other arguments are explained in that language."""
    early = argparse.ArgumentParser(
        formatter_class=partial(argparse.HelpFormatter, width=80),  # without it, shutil is loaded
        add_help=False,
        exit_on_error=False,
        allow_abbrev=False,
    )
    early.add_argument("--lang", nargs="?")
    early.add_argument("--config", nargs="?")
    return early.parse_known_args(arguments)[0]


def _language(typed: str | None, configured: str) -> str:
    if typed in ("ru", "en"):
        return typed
    return (configured or system_language()) if encodable("я", sys.stdout) == "я" else "en"


def _config(path: str | None, texts: Translations) -> Config:
    """Return what the file says; exit with code 2 and an explanation if it cannot be used."""
    try:
        return load(path)
    except BadConfig as error:
        _exit_with(error, path, texts)
    except (OSError, ValueError) as error:
        reason = _reason(texts, error)
        print_error(f"{one_line(path or default_path())}: {reason}")
        raise SystemExit(2) from None


def _exit_with(error: BadConfig, path: str | None, texts: Translations) -> NoReturn:
    from cli_client.config_words import CONFIG_WORDS  # noqa: PLC0415 - only here

    words, shown = CONFIG_WORDS[texts.lang], one_line(path or default_path())
    text = words[error.text].format(**error.values_of_text)
    where = words["config_line" if error.line else "config_file"]
    print_error(where.format(path=shown, line=error.line, error=text))
    raise SystemExit(2)


def _check_config(
    path: str | None, config: Config, texts: Translations, complaint: Callable[[str], str]
) -> int:
    """Say whether the file can be used, the keys too; return the exit code."""
    from cli_client.config_words import CONFIG_WORDS  # noqa: PLC0415 - only here

    _actions(path, config, texts)
    is_there = bool(config.source) or Path(path or default_path()).exists()
    text = CONFIG_WORDS[texts.lang]["config_good" if is_there else "config_none"]
    print_or_exit(f"oneroom: {text.format(path=one_line(path or default_path()))}\n", complaint)
    return 0


def _actions(path: str | None, config: Config, texts: Translations) -> "Bound":
    """Return the keys of all actions; exit as above if they cannot be used."""
    from cli_client.actions import bound  # noqa: PLC0415 - as above

    try:
        return bound(config)
    except BadConfig as error:
        _exit_with(error, path, texts)


def _room(parser: Parser, options: argparse.Namespace, texts: Translations, config: Config) -> RoomOptions:
    """Return what the arguments and the file say; exit with code 2 and an explanation if they are wrong."""
    server = config.find(options.address)
    try:
        address = parse_address(server.address)
    except BadAddress:
        typed, instead = one_line(options.address), _instead_of_url(options.address)
        parser.exit_with(texts("bad_url" if instead else "bad_address", typed=typed, instead=instead))
    try:
        tls = _tls(options, server)
    except BadTls as error:
        cause = error.__cause__  # None for a bad fingerprint
        parser.exit_with(
            _file_error(texts, "--tls-ca", options.tls_ca or server.tls_ca, cause)
            if cause
            else texts("bad_pin")
        )
    try:
        password = _read_password(options.password_file, server)
    except (OSError, ValueError) as error:
        path = options.password_file or server.password_file
        parser.exit_with(_file_error(texts, "--password-file", path, error))
    identities = IdentityStore(address, tls=tls is not None)
    code = getattr(options, "code", None) or ""  # of `oneroom` alone, not of its commands
    name = one_line(options.name or "")
    if not (name or code):
        name = one_line(server.name or config.name) or identities.last_name()
    return RoomOptions(address, name, code, password, tls, options.family, identities)


def _named(parser: Parser, room: RoomOptions, texts: Translations) -> RoomOptions:
    """Return the room with a name, which whoever sits at the terminal is asked for; exit if there is none."""
    if room.name or room.code:
        return room
    name = ""
    if all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        print(encodable(texts("ask_name"), sys.stderr), end="", file=sys.stderr, flush=True)
        name = one_line(sys.stdin.readline().strip())
        if not name:
            print(file=sys.stderr)
    if not name:
        parser.exit_with(texts("pipe_name_needed"))
    return room._replace(name=name)


def _tls(options: argparse.Namespace, server: Server) -> "Tls | None":
    """Return the settings of TLS, None without it. Raises `BadTls`."""
    ca, pin = options.tls_ca or server.tls_ca, options.tls_pin or server.tls_pin
    if not (options.tls or server.tls or ca or pin):
        return None
    from chat_protocol.tls import Tls  # noqa: PLC0415 - see above

    return Tls(ca, pin)


def _terminal(room: RoomOptions, texts: Translations, options: argparse.Namespace, config: Config) -> int:
    with loading():
        from cli_client.hyperlinks import are_taken  # noqa: PLC0415 - a script need not wait for what that loads
        from cli_client.terminal import Terminal  # noqa: PLC0415

        keys = _actions(options.config, config, texts)

    links = options.links or config.links or "auto"
    return Terminal(
        room.address,
        room.name,
        texts,
        code=room.code,
        password=room.password,
        tls=room.tls,
        family=room.family,
        identities=room.identities,
        as_typed=options.as_typed,
        notify=options.notify or config.notify or "mentions",
        links=are_taken(os.environ) if links == "auto" else links == "always",
        keys=keys,
    ).run()


def _plain_terminal(room: RoomOptions, texts: Translations, options: argparse.Namespace) -> int:
    from cli_client.ignored import Ignored  # noqa: PLC0415 - as above
    from cli_client.plain_terminal import PlainTerminal  # noqa: PLC0415

    name = room.name if room.name or room.code else None
    ignored = Ignored(room.identities.folder)
    return PlainTerminal(
        room.address, name, texts, room.chat, as_typed=options.as_typed, ignored=ignored
    ).run()


def _filter(options: argparse.Namespace, texts: Translations, room: RoomOptions) -> int:
    return Pipe(
        room.address,
        room.name,
        texts,
        code=room.code,
        password=room.password,
        tls=room.tls,
        family=room.family,
        identities=room.identities,
        options=PipeOptions(options.follow, options.timeout, options.or_similar, options.json),
    ).run()


def _one_shot(command: str, options: argparse.Namespace, texts: Translations, room: RoomOptions) -> int:
    from chat_client.client import Client  # noqa: PLC0415 - as above
    from cli_client.one_shot import OneShot  # noqa: PLC0415

    if_taken = IfTaken.SIMILAR if options.or_similar else IfTaken.WAIT
    one_shot = OneShot(command, options, texts)
    client = Client(
        lambda listener: room.chat(listener, history=0, if_taken=if_taken),
        room.name,
        quiet=not getattr(options, "follow", False),
    )
    return one_shot.run(client)


def _instead_of_url(typed: str) -> str:
    """Return what to type instead of the address of a page; empty if it is none."""
    if "/" not in typed:
        return ""
    try:
        url = urlsplit(typed if "://" in typed else f"//{typed}")
    except ValueError:
        return ""
    if not url.hostname:
        return ""
    host = one_line(url.hostname)
    if url.scheme in ("https", "wss"):
        return f"oneroom {Address(host, _TLS_PORT)} --tls"
    return f"oneroom {Address(host, DEFAULT_PORT)}"


def _file_error(texts: Translations, option: str, path: str, error: BaseException) -> str:
    return texts("bad_file", option=option, path=one_line(path), reason=_reason(texts, error))


def _reason(texts: Translations, error: BaseException) -> str:
    import ssl  # noqa: PLC0415 - see above

    match error:
        case FileNotFoundError():
            reason = "file_missing"
        case PermissionError():
            reason = "file_forbidden"
        case UnicodeError():
            reason = "file_no_text"
        case ssl.SSLError():
            reason = "file_no_certificates"
        case _:
            reason = "file_other"
    return texts(reason)


def _read_password(typed: str | None, server: Server) -> str:
    """Return the room's password, empty if none is set. Not from an argument, which all users could see."""
    password = "" if typed else os.environ.get("ONEROOM_PASSWORD", "")
    path = typed or server.password_file
    if password or not path:
        return password
    return Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")


def _is_terminal() -> bool:
    """Return whether stdin and stdout are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _is_dumb() -> bool:
    """Return whether the terminal cannot move its cursor, as in an editor."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")
