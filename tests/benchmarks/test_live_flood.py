"""The measurement of a flood of output, in small."""

from benchmarks.live_flood import flood, measure
from benchmarks.servers import running


def test_messages_come_through_a_flood() -> None:
    with running(["--history=memory"]) as (_, address), flood(address, 1):
        sample = measure(address, 0.2, "flooded")
    assert 0 < sample.p50 <= sample.p99 <= sample.longest * 2
