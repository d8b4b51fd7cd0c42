"""How a version is released: what the workflow calls is there, and it may do no more than it must."""

import re
import tomllib
from typing import Any

import yaml

from tests.support.processes import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert found["permissions"] == {"contents": "read"}
    return dict(found["jobs"])


def test_the_workflow_makes_what_can_be_made() -> None:
    steps = [step for job in jobs().values() for step in job["steps"]]
    made = {
        target
        for step in steps
        for command in re.findall("make (.+)", step.get("run", ""))
        for target in command.split()
    }
    targets = set(re.findall("^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert made == {"test-units", "check", "sbom", "sdist"}
    assert made <= targets
    assert all("@" in step["uses"] for step in steps if "uses" in step)
    assert not re.search("https?:", WORKFLOW.read_text(encoding="utf-8"))


def test_only_who_publishes_may_publish() -> None:
    assert {name: job.get("environment") for name, job in jobs().items()} == {
        "test": None,
        "build": None,
        "publish": "release",
    }
    assert "permissions" not in jobs()["test"]
    assert jobs()["publish"]["permissions"] == {"id-token": "write"}
    assert (jobs()["build"]["needs"], jobs()["publish"]["needs"]) == ("test", "build")


def test_the_pythons_are_those_that_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [one.rpartition(" ")[2] for one in project["classifiers"] if ":: Python :: 3." in one]
    assert jobs()["test"]["strategy"]["matrix"]["python"] == declared
    assert project["requires-python"] == f">={declared[0]}"
