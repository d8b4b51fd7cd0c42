import assert from "node:assert/strict";
import { test } from "node:test";
import { Mutes } from "../../static/js/model/mutes.js";
import { page } from "./wire.js";

test("a mute ends by itself, by a moderator, or never", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const mutes = new Mutes();
  let changes = 0;
  mutes.changed.on(() => (changes += 1));
  mutes.reset([{ name: "Анна", seconds: 5 }, { name: "Борис" }, { name: "Вера", seconds: 90 }]);
  assert.equal(mutes.until("Анна"), 6000);
  assert.equal(mutes.until("Борис"), Number.POSITIVE_INFINITY);
  assert.equal(mutes.until("Глеб"), undefined);
  t.mock.timers.tick(5000);
  assert.deepEqual([mutes.until("Анна"), mutes.until("Вера"), changes], [undefined, 91_000, 2]);
  mutes.onNotice({ act: "unmute", target: "Борис", by: "Ева" });
  mutes.onNotice({ act: "unmute", target: "Глеб", by: "Ева" });
  mutes.onNotice({ act: "mute", target: "Вера", seconds: 10, by: "Ева" });
  mutes.onNotice({ act: "kick", target: "Вера", by: "Ева" });
  assert.deepEqual([mutes.until("Борис"), mutes.until("Вера"), changes], [undefined, 16_000, 4]);
  t.mock.timers.tick(10_000);
  assert.deepEqual([mutes.until("Вера"), changes], [undefined, 5]);
});

test("the room tells moderators who is muted, and notices tell what changes", t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const { wire, room } = page();
  wire.hear({ type: "role", moderator: true, muted: [{ name: "Борис", seconds: 60 }] });
  const { mutes } = room.moderation;
  assert.equal(mutes.until("Борис"), 60_000);
  const notice = { act: "mute", target: "Вера", seconds: 5, by: "Ева" };
  wire.hear({ type: "message", id: 1, at: "2026-11-22T05:43:03.120Z", name: "Сервер", text: "…", notice });
  assert.equal(mutes.until("Вера"), 5000);
  wire.enter("waiting");
  wire.open();
  wire.welcome({ moderator: true, muted: [{ name: "Глеб" }] });
  assert.deepEqual(
    ["Борис", "Вера", "Глеб"].map(name => mutes.until(name)),
    [undefined, undefined, Number.POSITIVE_INFINITY],
  );
});
