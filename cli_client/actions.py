"""What keys do in the terminal, apart from editing the line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from prompt_toolkit.filters import Always, Condition, Filter
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import ALL_KEYS, KEY_ALIASES

from chat_protocol.text import one_line
from cli_client.config_file import BadConfig, Config, line_of

Keys = tuple[str, ...]
"""Keys that are pressed one after the other, as prompt_toolkit calls them: `c-x`, `pageup`."""

Bound = Mapping[str, Sequence[Keys]]
"""The keys of each action."""


class Action(NamedTuple):
    """What a key can do: the keys that do it by default, and where they work."""

    keys: tuple[Keys, ...]
    needs_message: bool = False
    """Only where a message is typed, not the answer to a question."""
    needs_empty: bool = False
    """Only in an empty line."""
    in_search: bool = False
    """Also while something is searched or found."""


ACTIONS: Final[Mapping[str, Action]] = {
    "send": Action((("enter",),)),
    "new_line": Action((("c-j",),)),
    "complete": Action((("tab",),), needs_message=True),
    "complete_back": Action((("s-tab",),), needs_message=True),
    "search": Action((("c-r",),)),
    "search_forward": Action((("c-s",),)),
    "find": Action((("f3",), ("c-x", "c-f")), needs_message=True, in_search=True),
    "editor": Action((("c-x", "c-e"),), needs_message=True),
    "older": Action((("pageup",),)),
    "cancel": Action((("c-c",),)),
    "leave": Action((("c-d",),), needs_empty=True),
    "suspend": Action((("c-z",),), in_search=True),
}
"""By name. Alt+Enter is sent as `c-j`."""

_NAMES: Final = {**KEY_ALIASES, "c-m": "enter", "c-i": "tab", "enter": "enter", "tab": "tab"}
_KNOWN: Final = frozenset({*ALL_KEYS, "enter", "tab"})


def bound(config: Config) -> Bound:
    """Return the keys of all actions: those of the file, else those by default. Raises `BadConfig`."""
    out = {name: action.keys for name, action in ACTIONS.items()}
    for name, written in config.keys.items():
        line = line_of(config.source, "keys", name)
        if name not in ACTIONS:
            raise BadConfig("config_no_action", line, name=one_line(name), known=", ".join(ACTIONS))
        out[name] = tuple(_parse(name, each, line) for each in written)
        if not out[name] and name == "send":
            raise BadConfig("config_no_send", line)
    of_action: dict[Keys, str] = {}
    for name in (*config.keys, *(name for name in ACTIONS if name not in config.keys)):
        for keys in out[name]:
            other = of_action.setdefault(keys, name)
            if other != name:
                line = line_of(config.source, "keys", other)
                raise BadConfig("config_twice", line, key=" ".join(keys), one=other, other=name)
    return out


def _parse(name: str, written: str, line: int) -> Keys:
    """Return the keys in a text, each as it is called by default. Raises `BadConfig`."""
    keys: list[str] = []
    for key in written.split() or [written]:
        called = _NAMES.get(key.lower(), key.lower())
        if called in _KNOWN and not called.startswith("<"):
            keys.append(called)
        elif keys and len(key) == 1:  # behind Escape or Ctrl-X
            keys.append(key)
        else:
            text = "config_plain_key" if len(key) == 1 else "config_no_key"
            raise BadConfig(text, line, name=name, key=one_line(key))
    return tuple(keys)


def shown(keys: Keys) -> str:
    """Return keys as they are called in a sentence: Ctrl-C."""
    return " ".join(f"Ctrl-{key[2:].upper()}" if key.startswith("c-") else key for key in keys)


def describe(keys_of: Bound, lang: str) -> str:
    """Return the actions with their keys, as `/keys` shows them."""
    from cli_client.config_words import CONFIG_WORDS  # noqa: PLC0415 - few ask

    words, width = CONFIG_WORDS[lang], max(map(len, ACTIONS))
    of = {name: ", ".join(map(" ".join, keys)) or words["keys_none"] for name, keys in keys_of.items()}
    lines = [f"{name:{width}}  {of[name]:12}  {words[f'does_{name}']}" for name in ACTIONS]
    return "\n".join([*lines, words["keys_help"]])


def bind(
    keys_of: Bound,
    does: Mapping[str, Callable[[], None]],
    is_message: Callable[[], bool],
    is_empty: Callable[[], bool],
    is_editing: Filter,
) -> KeyBindings:
    """Return the bindings of all actions; `does` is what each does.

    `is_editing` is false while something is searched or found.
    """
    bindings = KeyBindings()
    for name, action in ACTIONS.items():
        where = Always() if action.in_search else is_editing
        if action.needs_message:
            where &= Condition(is_message)
        if action.needs_empty:
            where &= Condition(is_empty)
        for keys in keys_of[name]:
            bindings.add(*keys, filter=where)(_ignoring_event(does[name]))
    return bindings


def _ignoring_event(action: Callable[[], None]) -> Callable[[KeyPressEvent], None]:
    return lambda _: action()
