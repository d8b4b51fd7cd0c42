"""The list of what a release consists of."""

import hashlib
import re
from typing import Any

from tests.support.processes import ROOT
from tools.sbom import add_page_libraries


def test_all_libraries_of_the_page_are_listed() -> None:
    bom: dict[str, Any] = {
        "metadata": {"component": {"bom-ref": "release"}},
        "components": [{"bom-ref": "flask"}],
        "dependencies": [{"ref": "flask"}, {"ref": "release", "dependsOn": ["flask"]}],
    }
    add_page_libraries(bom)
    flask, *libraries = bom["components"]
    assert flask == {"bom-ref": "flask"}
    listed = [library["bom-ref"] for library in libraries]
    assert bom["dependencies"][1]["dependsOn"] == ["flask", *listed]
    assert [entry["ref"] for entry in bom["dependencies"]] == ["flask", "release", *listed]

    kept = {hashlib.sha256(path.read_bytes()).hexdigest() for path in ROOT.glob("static/vendor/*/*.js")}
    assert {library["hashes"][0]["content"] for library in libraries} == kept
    vendor = (ROOT / "tools" / "vendor.py").read_text()
    for library in libraries:
        assert f'"{library["version"]}"' in vendor
        assert f'_fetch("{library["name"]}"' in vendor
        assert re.fullmatch(r"Copyright \(c\) \d{4} .*\w", library["copyright"])
