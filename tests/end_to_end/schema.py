"""The schemas that tools/schemas.py fetches."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from tools.schemas import FOLDER


def validate(name: str, instance: Any) -> None:
    """Fail unless something is as the schema of this name says."""
    _validator(name).validate(instance)


@cache
def _validator(name: str) -> Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)
