"""The results of a run by server and workload: medians over the rounds."""

from collections import defaultdict
from statistics import median
from typing import Any


class Results:
    """The results of one run, as `run` returns them and the JSON file contains them."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.machine: dict[str, Any] = found["machine"]
        self.absent: list[str] = found["absent"]
        self.idle: list[dict[str, Any]] = found.get("idle", [])
        self.crowd: list[dict[str, Any]] = found.get("crowd", [])
        self.stalled: list[dict[str, Any]] = found.get("stalled", [])
        self.servers: list[str] = []
        """In the order in which they were measured."""
        self.workloads: list[str] = []
        self.failed: list[tuple[str, str]] = []
        """Server and workload of rounds in which most messages were lost: they have no meaningful cost."""
        self._rounds: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for each in found.get("fanout", []):
            server, workload = each["server"], each["workload"]
            if (each["missing"] or 0) > each["deliveries"]:
                self.failed.append((server, workload))
                continue
            self._rounds[server, workload].append(each)
            if server not in self.servers:
                self.servers.append(server)
            if workload not in self.workloads:
                self.workloads.append(workload)

    def median(self, server: str, workload: str, field: str) -> float | None:
        """Return the median of a field over the rounds; None if that was not measured."""
        values = [float(each[field]) for each in self._rounds.get((server, workload), [])]
        return median(values) if values else None

    def lost(self, server: str, workload: str) -> float | None:
        """Return the share of messages that were lost; None if that was not measured."""
        rounds = [each for each in self._rounds.get((server, workload), []) if each["missing"] is not None]
        if not rounds:
            return None
        missing: int = sum(each["missing"] for each in rounds)
        received: int = sum(each["deliveries"] for each in rounds)
        return missing / max(1, missing + received)

    def cut(self, server: str, workload: str) -> int:
        """Return how many members were disconnected in all rounds together."""
        return sum(each["cut"] for each in self._rounds.get((server, workload), []))
