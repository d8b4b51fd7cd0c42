"""Writes docs/configuration.md from the settings that the programs declare: `make docs`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tcp_server.config
import web_gateway.config
from chat_protocol.settings import Program, Setting

PATH = Path(__file__).parents[1] / "docs" / "configuration.md"

_PROGRAMS: list[Program[Any]] = [tcp_server.config.PROGRAM, web_gateway.config.PROGRAM]
_DEFAULT_HISTORY = "`history.db` in the user's data directory"  # elsewhere on each system

_INTRODUCTION = """\
# Configuration

This file is made by `make docs` from the settings that the programs declare. The terminal client has
[a file of its own](terminal.md#settings).

`oneroom-server` and `oneroom-web` take each setting from a flag, else from an environment variable,
else from a TOML file, else the default. The file is the one of `--config FILE`, or, where there is one,
`/etc/oneroom/server.toml` or `/etc/oneroom/web.toml` (`ONEROOM_CONFIG_FOLDER` for another folder).
`--print-config` prints the settings in force as such a file, each with where it comes from, and ends;
`--check-config` only says whether they can be used.

```
oneroom-server --max-text 2000
ONEROOM_SERVER_MAX_TEXT=2000 oneroom-server
echo 'max_text = 2000' > room.toml; oneroom-server --config room.toml
```

- What is unknown or cannot be used is refused: one sentence says what is allowed, exit code 2.
- A flag that may be given again takes commas too, and so does its variable: `--trusted-proxy ::1
  --trusted-proxy 10.0.0.0/8`, `ONEROOM_SERVER_TRUSTED_PROXIES=::1,10.0.0.0/8`. In TOML it is a list.
  The list of a flag replaces that of the variable, and so on.
- In paths `~` is the home directory.
- Passwords are no flags: everybody on the machine can read those. They are never printed.
- Variables that Kubernetes sets for a Service called `oneroom-server` or `oneroom-web` are ignored.
- Limits by address do not apply to loopback and trusted proxies. A /64 of IPv6 counts as one address.
"""


def document() -> str:
    """Return what docs/configuration.md has to be."""
    return "\n".join([_INTRODUCTION, *(line for program in _PROGRAMS for line in _section(program))])


def _section(program: Program[Any]) -> Iterator[str]:
    yield f"## {program.name}\n"
    yield "| flag | variable | TOML key | values | default | meaning |"
    yield "|---|---|---|---|---|---|"
    for name, setting in program.settings.items():
        flag = "none" if setting.is_secret else f"`{program.written_in(name, 'flag')}`"
        values = setting.allowed + "; may be given again" * setting.is_list
        cells = (flag, f"`{program.written_in(name, 'environment')}`", f"`{name}`", values, _default(setting))
        yield f"| {' | '.join(cells)} | {setting.meaning} |"
    yield ""
    former = [
        f"`{former}` is now `{present}`"
        for name, setting in program.settings.items()
        if setting.former_name
        for former, present in [_former(program, name, setting.former_name)]
    ]
    if former:
        yield f"Former names, also as variables and keys, work for one more release: {', '.join(former)}.\n"


def _former(program: Program[Any], name: str, former: str) -> tuple[str, str]:
    """Return how a setting was written and is written: as flags, or as keys if the flag is the same."""
    flags = program.written_in(former, "flag"), program.written_in(name, "flag")
    return flags if flags[0] != flags[1] else (former, name)


def _default(setting: Setting) -> str:
    if setting.default == tcp_server.config.DEFAULT_HISTORY:
        return _DEFAULT_HISTORY
    return "none" if setting.default in ("", (), None) else f"`{setting.format(setting.default)}`"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
