"""What keys do in the terminal, apart from editing the line."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from prompt_toolkit.filters import Always, Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

Keys = tuple[str, ...]
"""Keys that are pressed one after the other, as prompt_toolkit calls them."""


class Action(NamedTuple):
    """The keys that do it by default, each of them, and where."""

    keys: tuple[Keys, ...]
    needs_message: bool = False
    """Only where a message is typed, not the answer to a question."""
    needs_empty: bool = False
    """Only in an empty line."""
    in_search: bool = False
    """Also while the history is searched."""


ACTIONS: Final[Mapping[str, Action]] = {
    "send": Action((("enter",),)),
    "new_line": Action((("c-j",),)),
    "complete": Action((("tab",),), needs_message=True),
    "complete_back": Action((("s-tab",),), needs_message=True),
    "search": Action((("c-r",),)),
    "search_forward": Action((("c-s",),)),
    "editor": Action((("c-x", "c-e"),), needs_message=True),
    "older": Action((("pageup",),)),
    "cancel": Action((("c-c",),)),
    "leave": Action((("c-d",),), needs_empty=True),
    "suspend": Action((("c-z",),), in_search=True),
}
"""By name. Alt+Enter is sent as `c-j`."""


def bind(
    does: Mapping[str, Callable[[], None]],
    is_message: Callable[[], bool],
    is_empty: Callable[[], bool],
) -> KeyBindings:
    """Return the keys of all actions; `does` is what each does."""
    bindings = KeyBindings()
    for name, action in ACTIONS.items():
        where = Always() if action.in_search else ~is_searching
        if action.needs_message:
            where &= Condition(is_message)
        if action.needs_empty:
            where &= Condition(is_empty)
        for keys in action.keys:
            bindings.add(*keys, filter=where)(_ignoring_event(does[name]))
    return bindings


def _ignoring_event(action: Callable[[], None]) -> Callable[[KeyPressEvent], None]:
    return lambda _: action()
