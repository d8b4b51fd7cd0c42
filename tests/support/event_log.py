"""The log of a program in its form for machines."""

import json
from typing import Any, Final

from tests.support.processes import Program

AS_JSON: Final = {
    f"ONEROOM_{program}_LOG_{name}": value
    for program in ("SERVER", "WEB")
    for name, value in (("LEVEL", "info"), ("FORMAT", "json"))
}
"""The environment of a program that logs everything as JSON."""

Event = dict[str, Any]


def events(program: Program) -> list[Event]:
    """Return all events so far; each line of the log is one."""
    return [json.loads(line) for line in program.stderr.text.split("\n")[:-1]]


def wait_for_event(program: Program, event: str, **fields: Any) -> Event:
    """Wait for an event with these fields, and return it whole."""
    wanted = {"event": event, **fields}

    def find() -> Event | None:
        return next((one for one in events(program) if wanted.items() <= one.items()), None)

    program.stderr.wait_for(lambda _: find() is not None)
    found = find()
    assert found is not None
    return found
