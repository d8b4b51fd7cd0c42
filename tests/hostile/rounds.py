"""How long the attacks go on: once in `make test`, `ONEROOM_HOSTILE_ROUNDS` times in `make hostile`."""

import os
from typing import Final

ROUNDS: Final = int(os.environ.get("ONEROOM_HOSTILE_ROUNDS", "1"))
