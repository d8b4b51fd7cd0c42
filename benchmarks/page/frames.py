"""How long the frames of a page take."""

from statistics import quantiles
from typing import Final

RECORD: Final = """() => {
    globalThis.frames = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => frames.push(performance.now() - data);
    const frame = begin => { port2.postMessage(begin); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""
"""Notes how long each frame took, in milliseconds: from its time to what runs behind its painting."""


def p99(frames: list[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(frames, n=100)[98]
