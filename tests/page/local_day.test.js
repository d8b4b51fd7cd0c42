import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalDay } from "../../static/js/lib/local_day.js";

const TEN_TO = new Date(2026, 10, 27, 23, 50);

/** A clock at ten minutes to midnight, and how often the day has changed since. */
function begin(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: TEN_TO.getTime() });
  const day = new LocalDay();
  let changes = 0;
  day.changed.on(() => changes++);
  return { day, timers: t.mock.timers, changes: () => changes };
}

test("another day begins at midnight, once a day", t => {
  const { timers, changes } = begin(t);
  const wait = minutes => {
    for (let second = 0; second < 60 * minutes; second++) timers.tick(1000);
  };
  wait(9.9);
  assert.equal(changes(), 0);
  wait(0.1);
  assert.equal(changes(), 1);
  wait(24 * 60);
  assert.equal(changes(), 2);
});

test("after a sleep, in which no timer ran, the next look or the next timer tells", t => {
  const { day, timers, changes } = begin(t);
  timers.setTime(TEN_TO.getTime() + 8 * 3_600_000);
  day.check();
  assert.equal(changes(), 1);
  timers.setTime(TEN_TO.getTime() + 32 * 3_600_000);
  timers.tick(60_000);
  assert.equal(changes(), 2);
});

test("another time zone tells, too", t => {
  const { day, changes } = begin(t);
  const zone = process.env.TZ;
  process.env.TZ = "Pacific/Kiritimati";
  day.check();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  assert.equal(changes(), 1);
});
