"""Lists what a release consists of and needs (CycloneDX): `make sbom` writes dist/oneroom-*.cdx.json.

The libraries of the page, which static/vendor has of npm, are among them.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chat_protocol.version import version

_ROOT: Final = Path(__file__).resolve().parent.parent
VENDOR: Final = _ROOT / "static" / "vendor"
_NPM_NAMES: Final = {"prism": "prismjs"}
_HEAD: Final = re.compile(
    r"/\*! (?P<name>\S+) (?P<version>[\d.]+), parts of it\. (?P<copyright>Copyright .+?) MIT License"
)
"""The first line of each library, as tools/vendor.py writes it."""


def page_libraries() -> Iterator[dict[str, Any]]:
    """Yield the components of static/vendor."""
    for path in sorted(VENDOR.glob("*/*.js")):
        content = path.read_bytes()
        head = _HEAD.match(content.decode())
        assert head is not None, path
        name = _NPM_NAMES.get(path.stem, path.stem)
        purl = f"pkg:npm/{name}@{head['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": head["version"],
            "purl": purl,
            "copyright": head["copyright"].rstrip(". "),
            "licenses": [{"license": {"id": "MIT"}}],
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
            "pedigree": {"notes": "Parts of it, as one module"},
        }


def add_page_libraries(bom: dict[str, Any]) -> None:
    """Add them to the components, and to what the release depends on."""
    libraries = [*page_libraries()]
    bom["components"] += libraries
    release = bom["metadata"]["component"]["bom-ref"]
    (dependencies,) = (entry for entry in bom["dependencies"] if entry["ref"] == release)
    dependencies["dependsOn"] += [library["bom-ref"] for library in libraries]
    bom["dependencies"] += [{"ref": library["bom-ref"]} for library in libraries]


def main(cyclonedx: Path) -> None:
    """Install the wheel of this version with all its extras, and write what that environment has.

    `cyclonedx` is the program cyclonedx-py, in an environment of its own.
    """
    (wheel,) = (_ROOT / "dist").glob(f"oneroom-{version()}-*.whl")
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        _run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            f"{wheel}[log,metrics,cluster]",
        )
        project = ("--pyproject", _ROOT / "pyproject.toml")
        listed = _run(cyclonedx, "environment", python, *project, "--output-reproducible")
    bom = json.loads(listed)
    add_page_libraries(bom)
    written = wheel.with_name(f"oneroom-{version()}.cdx.json")
    written.write_text(json.dumps(bom, indent=1) + "\n", encoding="utf-8")
    print(written.relative_to(_ROOT))


def _run(*command: str | Path) -> bytes:
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
