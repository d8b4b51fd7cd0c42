"""The English texts about the command line: what `--help` says. See `arguments`."""

from collections.abc import Mapping
from typing import Final

ARGUMENTS: Final[Mapping[str, str]] = {
    "usage": "Usage: ",
    "shell_program": (
        "oneroom [HOST[:PORT]] [options]\n"
        "       oneroom say|history|search|who|get|run [options]   (more: oneroom run --help)"
    ),
    "shell_say": "oneroom say [options] [TEXT ...]",
    "shell_history": "oneroom history [options]",
    "shell_search": "oneroom search [options] WORD ...",
    "shell_who": "oneroom who [options]",
    "about_program": (
        "A chat in the terminal. Between pipes it is a filter: it sends the lines of stdin\n"
        "and writes the messages of others to stdout. A script whose input ends at once,\n"
        "with at most 100 lines, is not announced and gets no messages."
    ),
    "about_say": (
        "Says a text, or all of stdin as one message, and ends once the room has stored it.\n"
        "Nobody is told that you come or go."
    ),
    "about_history": "Prints the newest messages, oldest first. Nobody is told that you come or go.",
    "about_search": (
        "Prints the newest messages that have words beginning with each WORD, oldest first.\n"
        "Nobody is told that you come or go."
    ),
    "about_who": (
        "Prints who is in the room, one name a line; in a large room only the first ones.\n"
        "Nobody is told that you come or go."
    ),
    "options": "options",
    "metavar_address": "HOST[:PORT]",
    "metavar_name": "NAME",
    "metavar_file": "FILE",
    "metavar_seconds": "SECONDS",
    "metavar_text": "TEXT",
    "metavar_word": "WORD",
    "metavar_code": "CODE",
    "option_address": "where the room is (default: 127.0.0.1:8080)",
    "option_text": "what to say; without it, stdin is read to its end",
    "option_words": "words to find",
    "option_limit": "at most so many messages (default: %(default)s)",
    "option_before": "messages before number N",
    "option_json": "write each event as a line of JSON, as the room sends it",
    "option_name": (
        "the name to join with (else ONEROOM_NAME, else the one used last in this room, else it asks)"
    ),
    "option_code": (
        "be who you are on another device: the code that /link gives there, for two minutes (needs no name)"
    ),
    "option_password": "the room's password (else ONEROOM_PASSWORD, else it asks)",
    "option_password_of_commands": "the room's password (else ONEROOM_PASSWORD)",
    "option_ipv4": "use only IPv4 addresses",
    "option_ipv6": "use only IPv6 addresses",
    "option_tls": "connect with TLS; the certificate is checked as in a browser",
    "option_tls_ca": "trust these certificates (PEM) instead of the system's",
    "option_tls_pin": "trust only the certificate with this fingerprint",
    "option_as_typed": "show texts with the marks of their formatting: **bold**, `code`",
    "option_follow": "only write the messages of others to stdout, and do not read stdin",
    "option_timeout": (
        "end after so many seconds (else a room that does not answer is given up 10 s after the end of stdin)"
    ),
    "option_timeout_of_commands": "give up after so many seconds (default: 10)",
    "option_or_similar": (
        "if the name is taken, join with one like it; without this, a taken name is tried again "
        "for half a minute"
    ),
    "option_config": "a file with settings (default: ~/.config/oneroom/config.toml, if there is one)",
    "option_check_config": "check the file of settings, then end",
    "option_lang": "the language (default: the system's)",
    "option_version": "print the version",
    "option_help": "print this help",
    "exit_codes": (
        "Exit codes: 0 all was sent; 1 something was not, the output could not be written,\n"
        "or the room could not be reached or has ended the conversation; 2 wrong arguments\n"
        "or code, or between pipes a refused name or password."
    ),
    "exit_codes_of_commands": (
        "Exit codes: 0 done; 1 the room has refused it, could not be reached or has not\n"
        "answered in time, or the output could not be written; 2 wrong arguments, or a\n"
        "refused name or password; 3 nothing was found."
    ),
    "option_notify": (
        "of which messages a bell or a notification tells (else ONEROOM_NOTIFY, else mentions: thos"
        "e that call or answer you)"
    ),
    "option_links": (
        "make web addresses hyperlinks of the terminal: auto (if it is known to take them), always, "
        "never (else ONEROOM_LINKS, else auto)"
    ),
    "option_reply": "answer message number N",
    "shell_run": "oneroom run [HOST[:PORT]] [options] -- COMMAND ...",
    "shell_get": "oneroom get [options] N",
    "about_run": (
        "Runs a command, shows what it writes, and lets the room follow it as one live message.\n"
        "The command runs to its end whatever becomes of the room."
    ),
    "about_get": "Writes the output in live message N to stdout.",
    "metavar_title": "TITLE",
    "option_title": "what the room calls it (default: the program and its words before the first option)",
    "option_number": "the number of the live message",
    "option_follow_live": "go on until the message has ended",
    "option_color": "write colours: auto (only to a terminal, not with NO_COLOR), always, never",
    "option_live": "pass stdin on to stdout, and let the room follow it as one live message",
    "exit_codes_of_run": (
        "Exit code: that of the command; 128 and the number of the signal that has ended it;\n"
        "126 if it cannot be run, 127 if it is not found; 2 wrong arguments."
    ),
}
