"""What `/help` says, from the table of commands."""

from collections.abc import Sequence

from chat_protocol.commands import COMMANDS, Language
from cli_client.translations import Translations


def describe_commands(texts: Translations, *, moderated: bool, moderator: bool) -> str:
    """Return the help: what one can do in this room, and as a moderator, if one is."""
    language: Language = "ru" if texts.lang == "ru" else "en"
    rows: dict[bool, list[tuple[str, str]]] = {False: [], True: []}  # for moderators only, or not
    for command in COMMANDS.values():
        is_for_later = command.name == "moderator" and (moderator or not moderated)
        if command.terminal and not command.needs and not is_for_later:
            rows[command.moderators_only].append((command.usage(language), command.purpose(language)))
    rows[False] += [("/forget", texts("help_forget")), (texts("slash"), texts("help_slash"))]
    lines = [*_columns(rows[False]), texts("help")]
    return "\n".join([*lines, *_columns(rows[True]), texts("help_times")] if moderator else lines)


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(usage) for usage, _ in rows)
    return [f"{usage:{width}}  {purpose}" for usage, purpose in rows]
