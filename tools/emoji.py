"""Makes chat_protocol/emoji.txt anew: `make emoji`.

The data are those of the package `emoji` from PyPI in the version given here: the RGI set of Unicode
(UTS 51), the names of CLDR in English and Russian, and those that GitHub and Slack give. Where two emoji
have one name, that of GitHub counts: `:cat:` is a face.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_VERSION: Final = "2.16.0"
_TARGET: Final = Path(__file__).resolve().parent.parent / "chat_protocol" / "emoji.txt"

_FULLY_QUALIFIED: Final = 2  # `emoji.STATUS`
_SKIN_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))

_HEAD: Final = """\
# The emoji of Unicode {unicode} for general interchange (RGI, UTS 51), each with its names.
# Made by tools/emoji.py of emoji {version} for Python (BSD-3-Clause, Taehoon Kim and Kevin Wurster).
# Unicode and CLDR data: (c) Unicode, Inc., Unicode License V3, https://www.unicode.org/license.txt
"""


def main() -> None:
    """Fetch the package into a temporary folder, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        package = f"emoji=={_VERSION}"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, package],
            check=True,
        )
        data, russian = (
            json.loads((Path(folder) / "emoji" / "unicode_codes" / name).read_text(encoding="utf-8"))
            for name in ("emoji.json", "emoji_ru.json")
        )
    rgi = {emoji: entry for emoji, entry in data.items() if entry["status"] == _FULLY_QUALIFIED}
    newest = max(entry["E"] for entry in rgi.values())
    aliases = {name: emoji for emoji, entry in rgi.items() for name in _plain(entry.get("alias", ()))}
    lines = [_HEAD.format(unicode=newest, version=_VERSION)]
    for emoji, entry in rgi.items():
        names: list[str] = []
        if not _SKIN_TONES.intersection(emoji):
            english = _plain([entry["en"], *entry.get("alias", ())])
            names = [name for name in english if aliases.get(name, emoji) == emoji]
            names += _plain([russian.get(emoji, "")])
        lines.append(" ".join([emoji, *dict.fromkeys(names)]) + "\n")
    _TARGET.write_text("".join(lines), encoding="utf-8")


def _plain(names: Iterable[str]) -> list[str]:
    """Return names without their colons, in lower case, the shortest first."""
    return sorted((name.strip(":").lower() for name in names if name), key=len)


if __name__ == "__main__":
    main()
