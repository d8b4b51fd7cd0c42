"""The page's own modules, tested by Node without a browser: `npm test` tells more about a failure."""

import json
import shlex
import subprocess

from tests.support.processes import ROOT
from tests.support.requirements import needs_node


@needs_node
def test_the_pages_modules() -> None:
    command = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["scripts"]["test"]
    done = subprocess.run(
        shlex.split(command), cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
