"""What `/help` says, from the table of commands."""

from collections.abc import Sequence

from chat_client.events import Status
from chat_protocol.commands import COMMANDS, Language, SlashCommand
from cli_client.own_commands import OWN_COMMANDS
from cli_client.translations import Translations


def describe_commands(texts: Translations, status: Status) -> str:
    """Return the help: what one can do in this room, and as a moderator, if one is."""
    language: Language = "ru" if texts.lang == "ru" else "en"
    rows: dict[bool, list[tuple[str, str]]] = {False: [], True: []}  # for moderators only, or not
    for command in COMMANDS.values():
        if is_useful(command, status):
            rows[command.moderators_only].append((command.usage(language), command.purpose(language)))
    rows[False] += [(command.usage(language), texts(command.purpose)) for command in OWN_COMMANDS.values()]
    rows[False].append((texts("slash"), texts("help_slash")))
    short = [texts("help_short")] if {"edit", "react"} <= status.can else []
    lines = [*_columns(rows[False]), *short, texts("help")]
    return "\n".join([*lines, *_columns(rows[True]), texts("help_times")] if status.moderator else lines)


def is_useful(command: SlashCommand, status: Status) -> bool:
    """Return whether a command of the table can be used in this room, and has not been."""
    if command.name == "moderator":
        return status.moderated and not status.moderator
    is_known = (
        not command.needs
        or command.needs in status.can
        or (command.name == "delete" and status.moderator)  # older rooms know that act of moderators
    )
    return command.terminal and is_known and (status.moderator or not command.moderators_only)


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(usage) for usage, _ in rows)
    return [f"{usage:{width}}  {purpose}" for usage, purpose in rows]
