"""The manifest of docs/kubernetes: by the schema of Kubernetes, and by what its parts need of each other."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from jsonschema import ValidationError

from chat_protocol.drain import NOTICE
from tests.end_to_end.schema import validate
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT

RESOURCES: list[dict[str, Any]] = [
    *yaml.safe_load_all((ROOT / "docs" / "kubernetes" / "oneroom.yaml").read_text())
]
WORKLOADS = [resource for resource in RESOURCES if "template" in resource["spec"]]
PODS = {resource["metadata"]["name"]: resource["spec"]["template"] for resource in WORKLOADS}
MODULES = {"oneroom-server": "tcp_server", "oneroom-web": "web_gateway"}
each_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)


def container_of(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def flag(pod: dict[str, Any], name: str) -> str:
    (value,) = (arg.partition("=")[2] for arg in container_of(pod)["args"] if arg.startswith(f"--{name}="))
    return str(value)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource["kind"])
def test_each_resource_is_as_kubernetes_wants_it(resource: dict[str, Any]) -> None:
    validate("kubernetes", resource)


def test_a_resource_with_a_mistake_is_found() -> None:
    with pytest.raises(ValidationError, match="terminationGracePeriod"):
        validate("kubernetes", {**WORKLOADS[0], "spec": {"terminationGracePeriod": 60}})


def selectors(resource: dict[str, Any]) -> list[dict[str, str]]:
    """Return what chooses pods in a resource."""
    found: list[dict[str, str]] = []

    def look(value: Any, key: str = "") -> None:
        if isinstance(value, list):
            for item in value:
                look(item)
        elif key in ("selector", "podSelector", "labelSelector"):
            found.append(value.get("matchLabels", value))
        elif isinstance(value, dict):
            for name, item in value.items():
                look(item, name)

    look(resource["spec"])
    return found


def test_every_selector_chooses_the_pods_of_one_workload() -> None:
    labels = [pod["metadata"]["labels"] for pod in PODS.values()]
    chosen = [selector for resource in RESOURCES for selector in selectors(resource)]
    assert len(chosen) >= len(RESOURCES)
    assert all(chosen.count(own) >= 4 for own in labels)
    assert all(selector in labels for selector in chosen)
    assert all(
        resource["spec"]["selector"] in ({"matchLabels": own} for own in labels) for resource in WORKLOADS
    )


@each_pod
def test_a_pod_may_do_nothing_but_serve(pod: dict[str, Any]) -> None:
    context = pod["spec"]["securityContext"]
    assert context["runAsNonRoot"]
    image = (ROOT / "docs" / "docker" / "Dockerfile").read_text()
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in image
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["spec"]["automountServiceAccountToken"]
    assert container_of(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_pod
def test_probes_ask_the_status_port_and_a_pod_has_time_to_stop(pod: dict[str, Any]) -> None:
    container = container_of(pod)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert flag(pod, "status") == f"0.0.0.0:{ports['status']}"
    paths = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for probe, path in paths.items():
        assert container[probe]["httpGet"] == {"path": path, "port": "status"}
    readiness = container["readinessProbe"]
    assert readiness["periodSeconds"] * readiness["failureThreshold"] <= NOTICE
    assert pod["spec"]["terminationGracePeriodSeconds"] >= NOTICE + float(flag(pod, "drain")) + 5


def test_only_gateways_reach_the_servers_from_within() -> None:
    (policy,) = (resource["spec"] for resource in RESOURCES if resource["kind"] == "NetworkPolicy")
    rule, among_servers = policy["ingress"]
    within, outside = rule["from"]
    assert policy["podSelector"]["matchLabels"] == PODS["oneroom-room"]["metadata"]["labels"]
    assert within["podSelector"]["matchLabels"] == PODS["oneroom-page"]["metadata"]["labels"]
    assert among_servers["ports"] == [{"port": "status"}]
    assert outside["ipBlock"]["except"] == [flag(PODS["oneroom-room"], "trusted-proxy")]


@each_pod
def test_the_programs_accept_what_they_are_started_with(pod: dict[str, Any]) -> None:
    container = container_of(pod)
    given = {"NODE": "oneroom-room-0", "ONEROOM_SERVER_CLUSTER": "rediss://oneroom:secret@redis.example.org"}
    known = {variable["name"]: given[variable["name"]] for variable in container.get("env", ())}
    arguments = [re.sub(r"\$\((\w+)\)", lambda found: known[found[1]], arg) for arg in container["args"]]
    done = subprocess.run(
        (sys.executable, "-m", MODULES[container["command"][0]], *arguments, "--check-config"),
        cwd=ROOT,
        env={**known, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
