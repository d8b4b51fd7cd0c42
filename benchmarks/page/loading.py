"""Measures how soon the page is there: `python -m benchmarks.page.loading`, part of `make bench-page`.

A returning visitor loads the page with an empty cache and then with a full one, from the wheel, from this
checkout, and from another one if that is given. All take turns. Prints tables of medians.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.native import ROOT
from benchmarks.page.loads import Conditions, Load, Loads, Visitor, visitor, wheel
from benchmarks.page.network import UNLIMITED, Network, Traffic
from tests.support.browser import running_chromium

_MEGABIT = 1e6

CONDITIONS = (
    Conditions("150 ms, 1.6 Mbit/s", Network(0.150, 1.6 * _MEGABIT, 1.6 * _MEGABIT)),
    Conditions("fast 3G: 562 ms, 1.6 Mbit/s", Network(0.562, 1.6 * _MEGABIT, 0.75 * _MEGABIT)),
    Conditions("LAN: 20 ms, 30 Mbit/s", Network(0.020, 30 * _MEGABIT, 30 * _MEGABIT)),
    Conditions("no network, processor 4 times slower", UNLIMITED, 4),
    Conditions("slow 3G: 2 s, 0.4 Mbit/s", Network(2.0, 0.4 * _MEGABIT, 0.4 * _MEGABIT)),
)
_MIDDLING, _FAST_3G, _LAN, _SLOW_PROCESSOR, _SLOW_3G = (each.name for each in CONDITIONS)


class _Target(NamedTuple):
    conditions: str
    build: str
    cache: str
    figure: str
    limit: float


_TARGETS = (
    _Target(_MIDDLING, "wheel", "cold", "requests", 8),
    _Target(_MIDDLING, "wheel", "cold", "size", 100_000),
    _Target(_MIDDLING, "wheel", "cold", "first_paint", 0.8),
    _Target(_MIDDLING, "wheel", "cold", "first_message", 2.2),
    _Target(_MIDDLING, "wheel", "warm", "first_message", 1.3),
    _Target(_FAST_3G, "wheel", "cold", "first_message", 4.5),
    _Target(_FAST_3G, "wheel", "warm", "first_message", 3.0),
    _Target(_LAN, "checkout", "cold", "first_message", 1.0),
    _Target(_SLOW_PROCESSOR, "wheel", "cold", "first_message", 1.5),
    _Target(_SLOW_PROCESSOR, "wheel", "warm", "first_message", 1.5),
)
_TITLES = {
    "requests": "requests",
    "size": "bytes",
    "first_paint": "first paint, s",
    "first_message": "first message, s",
}
_FORMS = {"requests": "{:.0f}", "size": "{:,.0f}", "first_paint": "{:.2f}", "first_message": "{:.2f}"}

Medians = dict[tuple[str, str, str], Load]
"""By conditions, build and cache."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page.loading", description=__doc__)
    parser.add_argument("--base", type=Path, metavar="CHECKOUT", help="another checkout, measured too")
    parser.add_argument("--quick", action="store_true", help="take two minutes: 3 loads each, not by slow 3G")
    parser.add_argument("--times", type=int, default=5, help="loads of each (default: %(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="measure where the conditions contain it")
    parser.add_argument("--waterfall", action="store_true", help="show the requests of the last loads")
    options = parser.parse_args(arguments)
    times = 3 if options.quick else options.times
    chosen = [each for each in CONDITIONS if options.only.lower() in each.name.lower()]
    if options.quick:
        chosen = [each for each in chosen if each.name != _SLOW_3G]
    found: Medians = {}
    with ExitStack() as stack:
        builds = {"wheel": stack.enter_context(wheel()), "checkout": ROOT}
        if options.base:
            builds[options.base.name] = options.base.resolve()
        browser = stack.enter_context(running_chromium())
        visitors = {
            name: stack.enter_context(visitor(browser, programs)) for name, programs in builds.items()
        }
        for conditions in chosen:
            medians, traffics = _measure(visitors, conditions, times)
            found |= medians
            if options.waterfall:
                print("\n".join(_waterfall(traffics)), file=sys.stderr)
    print(f"Medians of {times} loads.\n")
    print("\n".join(_table(found)))
    targets = [target for target in _TARGETS if target[:3] in found]
    print("\n" + "\n".join(_targets(targets, found)))
    return int(any(_value(target, found) > target.limit for target in targets))


def _measure(
    visitors: dict[str, Visitor], conditions: Conditions, times: int
) -> tuple[Medians, dict[tuple[str, str, str], Traffic]]:
    """Return the medians, and what was sent in the last loads."""
    loads: dict[str, list[Loads]] = {build: [] for build in visitors}
    traffics: dict[tuple[str, str, str], Traffic] = {}
    for turn in range(times):
        for build, each in visitors.items():
            measured, sent = each.load(conditions)
            loads[build].append(measured)
            for cache, traffic in zip(Loads._fields, sent, strict=True):
                traffics[conditions.name, build, cache] = traffic
            print(f"{conditions.name}, {build}, {turn + 1} of {times}: {measured}", file=sys.stderr)
    medians = {
        (conditions.name, build, cache): Load(*map(median, zip(*column, strict=True)))
        for build, rows in loads.items()
        for cache, column in zip(Loads._fields, zip(*rows, strict=True), strict=True)
    }
    return medians, traffics


def _table(found: Medians) -> Iterator[str]:
    yield f"| network | page | cache | {' | '.join(_TITLES.values())} |"
    yield "|---|---|---|" + "--:|" * len(_TITLES)
    for key, load in found.items():
        figures = [_FORMS[name].format(getattr(load, name)) for name in _TITLES]
        yield f"| {' | '.join((*key, *figures))} |"


def _targets(targets: Sequence[_Target], found: Medians) -> Iterator[str]:
    yield "| target | at most | is | |"
    yield "|---|--:|--:|---|"
    for target in targets:
        value = _value(target, found)
        form = _FORMS[target.figure].format
        words = f"{', '.join(target[:3])}: {_TITLES[target.figure]}"
        mark = "met" if value <= target.limit else "**missed**"
        yield f"| {words} | {form(target.limit)} | {form(value)} | {mark} |"


def _value(target: _Target, found: Medians) -> float:
    value: float = getattr(found[target[:3]], target.figure)
    return value


def _waterfall(traffics: dict[tuple[str, str, str], Traffic]) -> Iterator[str]:
    for key, traffic in traffics.items():
        yield ", ".join(key)
        for request in traffic.requests:
            began, ended = (1000 * (moment - traffic.began) for moment in (request.began, request.ended))
            where = f"connection {request.connection}, {request.size:6} B"
            yield f"  {began:6.0f} to {ended:6.0f} ms, {where}: {request.line}"


if __name__ == "__main__":
    raise SystemExit(main())
