"""Print the oldest release of each dependency that pyproject.toml allows, as constraints for pip.

`make test-oldest` installs these, so that a lower bound that does not work is found by a test
and not by somebody who has that release. What the dependencies need in turn is left to pip.
"""

import re
import sys
import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_REQUIREMENT = re.compile(r"([\w-]+)>=([\d.]+)")


def oldest(requirement: str) -> str:
    """Return `NAME==VERSION` for a requirement `NAME>=VERSION…`. Raises `ValueError` for any other."""
    found = _REQUIREMENT.match(requirement)
    if found is None:
        raise ValueError(f"{requirement!r} does not begin with NAME>=VERSION")
    return f"{found[1]}=={found[2]}"


def main() -> int:
    """Print one constraint a line. Returns the exit status."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["cluster"]]:
        print(oldest(requirement))
    return 0


if __name__ == "__main__":
    sys.exit(main())
