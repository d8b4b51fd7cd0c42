"""How often each attack is repeated: `ONEROOM_HOSTILE_ROUNDS` times (`make hostile`), else once."""

import os
from typing import Final

ROUNDS: Final = int(os.environ.get("ONEROOM_HOSTILE_ROUNDS", "1"))
