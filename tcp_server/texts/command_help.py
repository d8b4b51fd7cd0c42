"""What `/help` says of the commands, from their table."""

from chat_protocol.commands import COMMANDS, Language, SlashCommand


def help_of(language: Language, *, moderators_only: bool) -> str:
    """Return a line for each command of moderators or of everybody, but those that the greeting names.

    `/moderator` is for those who have its password, and know it.
    """
    return "".join(
        [
            f"{line_of(command, language)}\n"
            for command in COMMANDS.values()
            if command.lines
            and command.moderators_only is moderators_only
            and command.name not in ("help", "moderator")
        ]
    )


def usage_of_all(language: Language) -> dict[str, str]:
    """Return a line for each command, by name."""
    return {name: line_of(command, language) for name, command in COMMANDS.items()}


def line_of(command: SlashCommand, language: Language) -> str:
    """Return how a command is written and what it does; in English, ASCII."""
    dash = "—" if language == "ru" else "-"
    return f"{command.usage(language)} {dash} {command.purpose(language)}"
