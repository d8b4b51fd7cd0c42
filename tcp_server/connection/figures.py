"""What fan-out has done, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Written by the holder of the room lock, once for each batch; any thread may read them."""

    batches: int = 0
    outcomes: int = 0
    deliveries: int = 0
    """Writes to clients."""
    sent: int = 0
    """Bytes for clients."""

    joined: Mapping[str, int] = field(default_factory=dict)
    """Connections that have joined, by dialect. This and the next two are noted twice a second."""
    blocked: int = 0
    """Readers with a backlog."""
    backlog: int = 0
    """Bytes in their backlogs."""
