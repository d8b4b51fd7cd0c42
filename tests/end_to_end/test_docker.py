"""The image and the services of docs/docker: no container is run, but what would run in one is."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.support.processes import ROOT, running
from tests.support.requirements import needs_prometheus_client
from tests.support.timing import TIMEOUT

DOCKER = ROOT / "docs" / "docker"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
MODULES = {"oneroom-server": "tcp_server", "oneroom-web": "web_gateway"}
STAGES = re.split(r"^FROM ", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]


def test_the_image_runs_as_nobody_in_particular() -> None:
    build, image = STAGES
    assert build.split()[0] == image.split()[0]
    assert "/" not in image.split()[0], "a registry is named"
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", image, re.MULTILINE)
    assert "COPY --from=build /opt/oneroom /opt/oneroom" in image


def test_only_the_release_goes_into_it() -> None:
    ignored = [
        line for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[0] != "#"
    ]
    assert ignored == ["*", "!dist/oneroom-*.whl"]
    assert re.findall(r"^COPY (dist/\S+)", STAGES[0], re.MULTILINE) == ["dist/oneroom-*.whl"]


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_may_do_nothing_but_serve(service: dict[str, Any]) -> None:
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


def commands() -> list[list[str]]:
    """Return what containers run: the services, and the image by itself."""
    (default,) = re.findall(r"^CMD (.*)$", STAGES[1], re.MULTILINE)
    return [*(service["command"] for service in SERVICES.values()), json.loads(default)]


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[0])
def test_the_programs_accept_what_they_are_started_with(command: list[str]) -> None:
    done = subprocess.run(
        (sys.executable, "-m", MODULES[command[0]], *command[1:], "--print-config"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@needs_prometheus_client
def test_health_is_asked_where_it_is_told() -> None:
    """The gateway's flags with free ports and a real room; then the services' health check, as it stands."""
    flags = SERVICES["web"]["command"]
    with running(
        "tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", "--trusted-proxy=127.0.0.1"
    ) as room:
        changes = {"server:8080": str(room.address), "127.0.0.1:8081": "127.0.0.1:0", "0.0.0.0": "127.0.0.1"}
        changed = [changes.get(flag, flag) for flag in flags[1:]]
        with running("web_gateway", *changed, "--port=0", "--log-format=json", "--log-level=info") as gateway:
            started = gateway.stderr.wait_for('"worker started"')
            *_, status = re.findall(r'"status": "([\d.:]+)"', started)
            check = [
                part.replace("127.0.0.1:8081", status) for part in SERVICES["web"]["healthcheck"]["test"]
            ]
            assert check[:2] == ["CMD", "python3"]
            subprocess.run((sys.executable, *check[2:]), timeout=TIMEOUT, check=True)
    gone = subprocess.run(
        (sys.executable, *check[2:]), stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False
    )
    assert gone.returncode == 1
