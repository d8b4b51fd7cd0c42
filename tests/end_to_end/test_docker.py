"""The image and the services of docs/docker: no container is run, but what would run in one is.

Some of what is asserted here was found by running them in Docker, and says what happened there.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from chat_protocol.drain import NOTICE
from tests.end_to_end.fronts import free_ports
from tests.end_to_end.schema import validate
from tests.support.processes import ROOT, running, start
from tests.support.raw import JsonClient
from tests.support.requirements import HAPROXY, REDIS, needs_haproxy, needs_prometheus_client, needs_redis
from tests.support.timing import TIMEOUT

DOCKER = ROOT / "docs" / "docker"
FILES = ("compose.yaml", "cluster.yaml")
COMPOSED: dict[str, dict[str, Any]] = {name: yaml.safe_load((DOCKER / name).read_text()) for name in FILES}
SERVICES: dict[str, dict[str, Any]] = {
    f"{name}: {service}": described
    for name, composed in COMPOSED.items()
    for service, described in composed["services"].items()
}
MODULES = {"oneroom-server": "tcp_server", "oneroom-web": "web_gateway"}
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "oneroom"}
STAGES = re.split(r"^FROM ", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
ENVIRONMENT = dict(re.findall(r"^ENV .*(ONEROOM_\w+)=(\S+)", STAGES[1], re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_one_of_compose(name: str) -> None:
    validate("compose", COMPOSED[name])


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
    assert service["restart"] == "unless-stopped"
    # Compose copies these into the container, which does not start if its files are read-only.
    assert not {"configs", "secrets"} & service.keys()


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_the_image_is_never_looked_for_elsewhere(service: dict[str, Any]) -> None:
    assert service["pull_policy"] == "never"


@pytest.mark.parametrize("name", FILES)
def test_volumes_have_names(name: str) -> None:
    """One letter would be a drive of Windows, and the volume refused."""
    composed = COMPOSED[name]
    mounts = [mount for service in composed["services"].values() for mount in service.get("volumes", ())]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == set(composed["volumes"])
    assert all(len(volume) > 1 for volume in named)


@pytest.mark.parametrize("name", FILES)
def test_docker_itself_is_not_trusted(name: str) -> None:
    """Whoever comes by IPv6 has Docker's own address, and could claim any other in a PROXY header."""
    networks = [
        network["ipam"]["config"] for network in COMPOSED[name]["networks"].values() if "ipam" in network
    ]
    ((network,),) = networks
    commands = " ".join(str(service.get("command")) for service in COMPOSED[name]["services"].values())
    trusted = re.findall(r"--trusted-proxy[=', ]+([\d./]+)", commands)
    assert set(trusted) == {network["ip_range"]}
    containers = {*IPv4Network(network["ip_range"])}
    assert containers < {*IPv4Network(network["subnet"])}
    assert IPv4Address(network["gateway"]) not in containers


def test_only_the_page_is_open_to_this_machine_alone() -> None:
    """The room is for the network, the page is not without TLS, and of Redis there is no port at all."""
    for name, composed in COMPOSED.items():
        ports = [port for service in composed["services"].values() for port in service.get("ports", ())]
        assert sorted(port.rpartition(":")[0] for port in ports) == [
            "${PORT:-8080}",
            "127.0.0.1:${WEB_PORT:-5000}",
        ], name


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_it_is_killed_only_after_it_had_time_to_stop(service: dict[str, Any]) -> None:
    grace = float(service["stop_grace_period"].removesuffix("s"))
    drains = [float(flag.partition("=")[2]) for flag in service["command"] if flag.startswith("--drain=")]
    assert grace >= NOTICE + sum(drains) + 5


def commands() -> list[list[str]]:
    """Return what containers run: the image by itself, and the services, of alike ones one."""
    (default,) = re.findall(r"^CMD (.*)$", STAGES[1], re.MULTILINE)
    alike = {re.sub("--node=.", "", str(service["command"])): service["command"] for service in OURS.values()}
    return [json.loads(default), *alike.values()]


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


@needs_redis
def test_redis_is_as_the_servers_need_it(tmp_path: Path) -> None:
    """Its command and its users with another folder, and its health check; and then a server of the room."""
    redis, room = (COMPOSED["cluster.yaml"]["services"][name] for name in ("redis", "room-a"))
    environment = {
        name: value.replace("${ONEROOM_REDIS_PASSWORD:?}", "s3cret")
        for name, value in redis["environment"].items()
    }
    *shell, script = redis["command"]
    places = {"/tmp/": f"{tmp_path}/", "/data": str(tmp_path), "redis-server": REDIS, "$$": "$"}
    script = f"{changed(script, places).rstrip()} --port 0 --unixsocket {tmp_path}/redis.sock"
    program = start(*shell, script, env=environment)
    try:
        program.stdout.wait_for("ready to accept connections")
        _, client, *words = redis["healthcheck"]["test"]
        (rule,) = re.findall(r"^user oneroom .*$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
        users = (tmp_path / "users.acl").read_text()
        assert users == f"user default off\n{rule.replace('PASSWORD', 's3cret')}\n"
        check = (client, "-s", str(tmp_path / "redis.sock"), *words)
        assert subprocess.check_output(check, env=os.environ | environment, timeout=TIMEOUT) == b"PONG\n"
        places = {"redis://": "unix://", "redis:6379": str(tmp_path / "redis.sock")}
        places |= {
            "/var/lib/oneroom": str(tmp_path),
            "0.0.0.0:9100": "127.0.0.1:0",
            "--drain=20": "--drain=0",
        }
        places["${ONEROOM_REDIS_PASSWORD:?}"] = "s3cret"
        _, *flags = (changed(word, places) for word in room["command"])
        env = {name: changed(value, places) for name, value in {**ENVIRONMENT, **room["environment"]}.items()}
        with (
            running("tcp_server", *flags, "--host=127.0.0.1", "--port=0", env=env) as server,
            JsonClient(server.address) as anna,
        ):
            anna.join("Анна")
            anna.say_json(type="say", ref="1", text="через Redis")
            assert anna.expect_json(type="ack", ref="1")["id"] == 1
    finally:
        assert program.stop() == 0


@needs_haproxy
def test_haproxy_starts_with_the_descriptors_it_is_given(tmp_path: Path) -> None:
    """With fewer than two for each of its connections it ends, unless it may raise the limit itself."""
    haproxy = COMPOSED["cluster.yaml"]["services"]["haproxy"]
    (mount,) = haproxy["volumes"]
    text = (DOCKER / mount.partition(":")[0]).read_text()
    text = re.sub(r"(room|web)-\w:", "127.0.0.1:", text)
    ports = iter(free_ports(text.count("bind ")))
    file = tmp_path / "haproxy.cfg"
    file.write_text(re.sub(r"bind \S+", lambda _: f"bind 127.0.0.1:{next(ports)}", text))
    limited = f'ulimit -n {haproxy["ulimits"]["nofile"]} && exec "$@"'
    program = start("sh", "-c", limited, "sh", HAPROXY, "-W", "-db", "-f", file, env=haproxy["environment"])
    try:
        program.stderr.wait_for("Loading success.")
    finally:
        program.stop()


def changed(word: str, places: Mapping[str, str]) -> str:
    """Return a word of a command with other places in it."""
    for there, here in places.items():
        word = word.replace(there, here)
    return word


@needs_prometheus_client
def test_health_is_asked_where_it_is_told() -> None:
    """The gateway's flags with free ports and a real room; then the image's health check, as it stands."""
    flags = SERVICES["compose.yaml: web"]["command"]
    (health,) = re.findall(r"^  CMD (\[.*\])$", STAGES[1], re.MULTILINE)
    with running(
        "tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", "--trusted-proxy=127.0.0.1"
    ) as room:
        changes = {"server:8080": str(room.address), "127.0.0.1:9100": "127.0.0.1:0", "0.0.0.0": "127.0.0.1"}
        words = [changes.get(flag, flag) for flag in flags[1:]]
        with running("web_gateway", *words, "--port=0", "--log-format=json", "--log-level=info") as gateway:
            started = gateway.stderr.wait_for('"worker started"')
            *_, status = re.findall(r'"status": "([\d.:]+)"', started)
            program, *check = json.loads(health.replace("127.0.0.1:9100", status))
            assert program == "python3"
            subprocess.run((sys.executable, *check), timeout=TIMEOUT, check=True)
    gone = subprocess.run((sys.executable, *check), stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
    assert gone.returncode == 1
