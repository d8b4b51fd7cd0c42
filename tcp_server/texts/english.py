"""The English texts. Every terminal shows them: they are ASCII, but for the name of the other language."""

from typing import Final

from tcp_server.texts.texts import Texts

_NOT_UTF8 = "Not UTF-8, so it was not sent. Choose: /encoding cp1251 or /encoding cp866"

ENGLISH: Final = Texts(
    system_name="Server",
    units=((86400, "d"), (3600, "h"), (60, "min"), (1, "s")),
    time_format="%b %d %H:%M",
    refusals={
        "name_empty": "A name cannot be empty.",
        "name_too_long": "This name is too long.",
        "name_invalid": "This name has characters that are not allowed.",
        "name_taken": "This name is taken already.",
        "name_reserved": "This word belongs to the chat itself, it cannot be a name.",
        "name_not_utf8": _NOT_UTF8,
        "join_first": "Give your name first.",
    },
    suggestion=" Free, for example: {name}",
    password_prompt="Enter the password: ",  # noqa: S106 - no password
    errors={
        "unknown_command": "There is no command {text}. All commands: /help",
        "bad_number": "After /history comes a number, for example: /history 20",
        "not_utf8": _NOT_UTF8,
        "password_wrong": "This password is wrong.",
        "bad_time": 'This is no time: "{text}". Write 30s, 10m, 2h or 1d.',
        "banned": "You are banned for good.",
        "muted": "You cannot write now.",
        "not_moderator": "Only a moderator can do this.",
        "is_moderator": "This cannot be done to a moderator.",
        "not_found": "Not found: {text}",
        "no_message": "There is no message #{text}.",
        "bad_target": "This is neither a name nor an address.",
        "too_many": "This would ban too many people.",
        "blank": "There is nothing to send.",
        "too_long": "This text is too long.",
        "unavailable": "It did not work: the server cannot save or find anything now.",
        "too_fast": "You are too fast. Please wait a little.",
    },
    errors_with_time={
        "banned": "You are banned for another {time}.",
        "muted": "You cannot write for another {time}.",
        "too_fast": "You are too fast. Please wait {time}.",
    },
    other_error="It did not work: {text}",
    bye_reasons={
        "shutdown": "The server has stopped. See you!",
        "left": "See you!",
        "slow": "You are disconnected: your connection cannot keep up with the chat.",
        "late": "The time to give a name is over.",
        "line_too_long": "You are disconnected: a line was too long.",
        "full": "There are too many connections now, please try again later.",
        "banned": "You are banned.",
        "kicked": "You have been removed from the chat.",
        "password": "You are disconnected: too many wrong passwords.",
    },
    other_bye="You are disconnected: {reason}",
    help="""\
/who - who is here
/history [n] - the last messages
/search words - find messages
/show #number - show a message; /history has the numbers
/lang ru - по-русски
/encoding cp1251 - the encoding of your terminal: utf-8, cp1251, cp866
/quit - leave
//text - a message that begins with a slash
""",
    moderators_help="""\
/kick name - remove from the chat
/ban name 2h - ban, without a time for good; a name, an address or a network
/unban name - end a ban
/mute name 30m - forbid to write, without a time for 10 minutes; /unmute name - allow it
/delete #number - delete a message
/announce text - say something in the name of the server
/whois name - addresses; /bans - who is banned
Times are written like this: 30s, 10m, 2h, 1d. A reason comes last, after a colon.
""",
    usage={
        "encoding": "/encoding utf-8, cp1251 or cp866",
        "lang": "/lang en (in English), /lang ru (по-русски)",
        "show": "/show #number",
        "moderator": "/moderator PASSWORD",
        "kick": "/kick name[: reason]",
        "ban": "/ban name, address or network [time][: reason]",
        "unban": "/unban name, address or network",
        "mute": "/mute name [time][: reason]",
        "unmute": "/unmute name",
        "delete": "/delete #number[: reason]",
        "announce": "/announce text",
        "whois": "/whois name",
        "bans": "/bans",
    },
    misuse="Write it like this: {usage}",
    notices={
        "kick": "{by} removes {target} from the chat",
        "ban": "{by} bans {target} for {time}",
        "ban_for_good": "{by} bans {target} for good",
        "ban_address": "{by} bans an address for {time}",
        "ban_address_for_good": "{by} bans an address for good",
        "unban": "{by} unbans {target}",
        "unban_address": "{by} unbans an address",
        "mute": "{by} mutes {target} for {time}",
        "unmute": "{by} unmutes {target}",
        "delete": "{by} deletes message #{id}",
        "announce": "Announcement ({by}): {text}",
    },
    reason=". Reason: {text}",
    greeting="Here now: {names} - commands: /help",
    greeting_alone="Nobody else is here yet - commands: /help",
    members="In the chat now ({count}): {names}",
    and_more=" and {count} more",
    whois="Addresses of a member: {name} - {addresses}",
    whois_unknown="Addresses of a member: {name} - unknown",
    ban="A ban in force: {target}, until {until}; moderator {by}",
    ban_for_good="A ban in force: {target}, for good; moderator {by}",
    nobody_banned="Nobody is banned.",
    more_bans="Only the newest are shown: there are too many.",
    no_history="There are no messages yet.",
    nothing_found="Nothing was found.",
    deleted="(message deleted)",
    throttled="You write too fast: the rest is sent in {seconds} s.",
    new_moderator="You are a moderator now. Commands: /help",
    no_moderator="You are no longer a moderator.",
    encoding_changed="The encoding is now {charset}.",
    language_changed="The language is now English.",
)
