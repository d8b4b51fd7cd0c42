"""The English texts. Forms for numbers: see `translations`."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str | tuple[str, ...]]] = {
    "joined": "{name} has joined",
    "left": "{name} has left",
    "left_because_slow": "{name} has left: the connection was too slow",
    "ask_name": "Your name: ",
    "greeting": "Oneroom · {address} · /help shows what you can do",
    "entered": "You have joined as {name}.",
    "alone": "Nobody else is here yet.",
    "here": ("{count} person here: {names}", "{count} people here: {names}"),
    "back": "Back online.",
    "unread": "unread",
    "forgotten": "Forgotten: next time you are somebody new.",
    "not_kept": "Who you are and what you have read is not kept: {path}: {reason}",
    "file_damaged": "the file is damaged",
    "new_log": "The room has started a new log: earlier message numbers are no longer valid.",
    "missed": ("{count} message missed; /history shows it", "{count} messages missed; /history shows them"),
    "connection_lost": "{reason}. Trying again; what you write is sent once the room is back.",
    "not_sent": "✗ Not sent. {reason}",
    "not_sent_hint": "(↑ brings it back)",
    "too_long_here": "Too long: {length} characters, at most {limit} are allowed.",
    "history_title": "earlier",
    "history_end": "── now ──",
    "history_empty": "There are no earlier messages.",
    "show_title": "message #{number}",
    "found": ("{query}: {count} message", "{query}: {count} messages"),
    "found_more": "── there are older ones too · now ──",
    "nothing_found": "Not found: {query}",
    "usage_search": "Search for what? For example: /search hello",
    "no_message": "There is no message #{number}.",
    "not_online": "The room cannot be reached right now; try again in a moment.",
    "usage_unknown_command": "There is no command {typed}; see /help. To send it as a message, begin with //",
    "usage_history": "How many messages? For example: /history 50",
    "usage_show": "The number of which message? For example: /show 1043",
    "bar_connecting": "connecting to {address}…",
    "bar_waiting": "again in {seconds} s (Enter: now) · {reason}",
    "bar_here": "{count} here",
    "bar_unsent": "not sent yet: {count}",
    "bar_typing": ("{names} is typing…", "{names} are typing…"),
    "bar_many_typing": "several people are typing…",
    "and": " and ",
    "leave_again": "{keys} again leaves",
    "search": "search “{query}”: ",
    "search_failed": "not found “{query}”: ",
    "more_unsent": "  … and {count} more",
    "goodbye": "See you!",
    "ended_kicked": "You have been removed from the chat.",
    "ended_banned": "You are banned for good.",
    "ended_banned_for": "You are banned for another {time}.",
    "ended_address_banned": "You are banned.",
    "ended_password": "Too many wrong passwords. Try again later.",
    "ended_replaced": "You have connected elsewhere with the same session, so this connection was closed.",
    "left_unsent": ("{count} message was not sent:", "{count} messages were not sent:"),
    "left_draft": "This was not sent:",
    "pipe_unsent": "not sent: {count}",
    "pipe_name_needed": "a name is needed: --name NAME or the variable ONEROOM_NAME",
    "pipe_lost": "{reason}; trying again",
    "pipe_back": "back online",
    "pipe_similar": "joined as {name}",
    "pipe_timeout": "the time of --timeout is over",
    "pipe_undecodable": "line {number} is not UTF-8 and is not sent; try: iconv -f cp1251 -t utf-8",
    "pipe_unwritable": "the output cannot be written: {reason}",
    "pipe_missed": ("{count} message missed", "{count} messages missed"),
    "lost_refused": "No room is running at {address}",
    "lost_unknown_host": "The address {address} cannot be found",
    "lost_timeout": "{address} does not answer",
    "lost_no_prompt": "{address} does not answer (if it needs TLS: --tls)",
    "lost_not_a_room": "The server at {address} is not a chat room",
    "lost_lost": "The connection was lost",
    "lost_shutdown": "The room has closed",
    "lost_slow": "The connection was too slow",
    "lost_silent": "The connection was silent for too long",
    "lost_late": "The room has waited too long for a name",
    "lost_name_taken": "This name is taken (--or-similar takes one like it)",
    "lost_full": "The room is full",
    "error_name_empty": "A name cannot be empty.",
    "error_name_too_long": "The name is too long.",
    "error_name_invalid": "The name has characters that are not allowed.",
    "error_name_taken": "This name is taken.",
    "error_name_reserved": "This is a word of the chat itself and cannot be a name.",
    "error_too_long": "Too long.",
    "error_blank": "The message is empty.",
    "error_unavailable": "The room cannot save or find anything right now.",
    "error_too_fast": "Too fast.",
    "error_too_fast_for": "Too fast. Wait {time}.",
    "error_full": "The room is full.",
    "try_another_name": "{reason} Try another one.",
    "name_suggested": "{reason} Free: {name} (Enter takes it).",
    "error_unknown": "That did not work: {detail}",
    "bad_address": "not an address: {typed}",
    "bad_url": "{typed} is the address of a page; the room has its own, usually: {instead}",
    "bad_arguments": "cannot understand the arguments: {detail}",
    "months": "January February March April May June July August September October November December",
    "date": "{month} {day}, {year}",
    "help": (
        "/who           list who is here\n"
        "/history 50    show earlier messages\n"
        "/show 1043     show message #1043 and those around it\n"
        "/search word   find messages with these words\n"
        "/quit          leave (or Ctrl-D)\n"
        "/forget        do not keep who you are for the next time\n"
        "//word         send “/word”\n"
        "Enter sends, Alt+Enter begins a new line, ↑ brings back what you wrote before, Ctrl-R finds it.\n"
        "**bold**, *italic*, ~~struck~~, `code`, ``` above and below lines of code, > quote, - list,\n"
        "[words](https://…). oneroom --as-typed shows the marks instead."
    ),
    "usage": "Usage: ",
    "shell_program": (
        "oneroom [HOST[:PORT]] [options]\n"
        "       oneroom say|history|search|who [options]   (oneroom say --help tells more)"
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
    "option_address": "where the room is (default: 127.0.0.1:8080)",
    "option_text": "what to say; without it, stdin is read to its end",
    "option_words": "words to find",
    "option_limit": "at most so many messages (default: %(default)s)",
    "option_before": "messages before number N",
    "option_json": "write each event as a line of JSON, as the room sends it",
    "option_name": (
        "the name to join with (else ONEROOM_NAME, else the one used last in this room, else it asks)"
    ),
    "option_password": "the room's password (else ONEROOM_PASSWORD, else it asks)",
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
    "option_lang": "the language (default: the system's)",
    "option_version": "print the version",
    "option_help": "print this help",
    "exit_codes": (
        "Exit codes: 0 all was sent; 1 something was not, the output could not be written,\n"
        "or the room could not be reached or has ended the conversation; 2 wrong arguments,\n"
        "or between pipes a refused name or password."
    ),
    "exit_codes_of_commands": (
        "Exit codes: 0 done; 1 the room has refused it, could not be reached or has not\n"
        "answered in time, or the output could not be written; 2 wrong arguments, or a\n"
        "refused name or password; 3 nothing was found."
    ),
    "ask_password": "The room's password: ",
    "ask_moderator": "Moderator's password: ",
    "ask_moderator_again": "Wrong password. Again (empty: cancel): ",
    "cancelled": "Cancelled.",
    "already_moderator": "You are a moderator already.",
    "no_moderators": "This chat has no moderators.",
    "password_required": "This room has a password; it is not shown as you type.",
    "password_wrong": "Wrong password.",
    "pipe_password_required": "a password is needed: --password-file FILE or the variable ONEROOM_PASSWORD",
    "pipe_password_wrong": "Wrong password.",
    "bad_file": "{option} {path}: {reason}",
    "file_missing": "no such file",
    "file_forbidden": "no permission to read it",
    "file_no_text": "not text in UTF-8",
    "file_no_certificates": "no certificates in it",
    "file_other": "cannot be read",
    "bad_pin": "--tls-pin: not a SHA-256 fingerprint",
    "lost_not_tls": "The server at {address} does not use TLS",
    "lost_tls": "TLS with {address} failed",
    "lost_untrusted": "The certificate of {address} is not trusted: give --tls-ca or --tls-pin",
    "lost_expired": "The certificate of {address} has expired",
    "lost_not_yet_valid": "The certificate of {address} is not valid yet; is your clock right?",
    "lost_wrong_host": "The certificate is not for {address}",
    "lost_wrong_pin": "{address} has another certificate than the one you trust",
    "lost_too_fast": "Too fast",
    "error_password_wrong": "Wrong password.",
    "error_muted": "You cannot write at the moment.",
    "error_muted_for": "You cannot write for another {time}.",
    "error_not_moderator": "Only a moderator may do that.",
    "error_is_moderator": "You cannot do that to a moderator.",
    "error_too_many": "That would ban too many people.",
    "error_not_found": "Not found: {detail}",
    "error_bad_target": "This is neither a name nor an address.",
    "request_failed": "{command} — {reason}",
    "seconds": "{count} s",
    "minutes": "{count} min",
    "hours": "{count} h",
    "days": "{count} d",
    "bar_throttled": "too fast: sending in {seconds} s",
    "bar_wait": "Wait {seconds} s",
    "bar_moderator": "moderator",
    "pipe_throttled": "too fast: sending more slowly, nothing is lost",
    "pipe_wait": "wait {time}",
    "deleted": "message deleted",
    "notice_kick": "{by} removes {target} from the chat",
    "notice_ban": "{by} bans {target} for good",
    "notice_ban_for": "{by} bans {target} for {time}",
    "notice_ban_address": "{by} bans an address for good",
    "notice_ban_address_for": "{by} bans an address for {time}",
    "notice_unban": "{by} unbans {target}",
    "notice_unban_address": "{by} unbans an address",
    "notice_mute": "{by} mutes {target}",
    "notice_mute_for": "{by} mutes {target} for {time}",
    "notice_unmute": "{by} unmutes {target}",
    "notice_delete": "{by} deletes message #{number}",
    "notice_announce": "Announcement ({by}): {text}",
    "with_reason": "{text}. Reason: {reason}",
    "moderator": "You are a moderator now. What you may do: /help",
    "moderator_no_more": "You are no longer a moderator.",
    "whois": "{name}: {addresses}",
    "whois_nowhere": "{name}: no connection at the moment.",
    "more_bans": "Only the newest are shown: there are too many.",
    "no_bans": "Nobody is banned.",
    "ban_until": "{target} · until {until} · {by}",
    "ban_for_good": "{target} · for good · {by}",
    "usage_kick": "Remove whom? For example: /kick Boris: advertising",
    "usage_ban": "Ban whom? For example: /ban Boris 2h: advertising; /ban 203.0.113.0/24 7d",
    "usage_unban": "Unban whom? For example: /unban Boris; /bans lists who is banned",
    "usage_mute": "Mute whom? For example: /mute Boris 10m: off topic",
    "usage_unmute": "Unmute whom? For example: /unmute Boris",
    "usage_delete": "Delete which message? For example: /delete #1043",
    "usage_announce": "Announce what? For example: /announce At 18:00 the room closes for an hour",
    "usage_whois": "Ask about whom? For example: /whois Boris",
    "usage_bans": "Just /bans: who is banned",
    "usage_bad_time": "Cannot read the time “{typed}”: write 30s, 10m, 2h or 1d.",
    "help_moderator": "/moderator     become a moderator (asks for the password)",
    "help_moderation": (
        "/kick Boris: reason    remove from the chat\n"
        "/ban Boris 2h: reason  ban a name, an address or a network; without a time: for good\n"
        "/unban Boris           let in again; /bans lists who is banned\n"
        "/mute Boris 30m        forbid to write; without a time: for 10 minutes\n"
        "/unmute Boris          allow to write again\n"
        "/delete #1043          delete a message\n"
        "/announce text         tell everybody\n"
        "/whois Boris           from which address\n"
        "Times: 30s, 10m, 2h or 1d."
    ),
}
