import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { TerminalWords } from "../../static/js/lib/terminal_words.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { TerminalHistory } from "../../static/js/model/terminal_history.js";
import { message, Wire } from "./wire.js";

test("the oldest events are dropped, and what comes then is shown once", () => {
  const wire = new Wire();
  const store = new MemoryStore();
  const room = new Room(wire, new Session(store), new Outbox(store));
  const history = new TerminalHistory(room, new TerminalWords("ru"));
  room.enter("Анна");
  wire.welcome();
  history.start();
  const shown = [];
  history.added.on(events => shown.push(...events));
  history.begun.on(() => shown.push(history.events.at(-1)));
  const edited = { ...message(5, "Вера", "иначе"), edited: message(5).at };
  for (let id = 1; id <= 3200; id++) wire.hear(message(id, "Вера", `${id}`));
  wire.hear({ type: "changed", id: 3201, at: edited.at, by: "Вера", act: "edit", message: edited });
  wire.hear(message(3202, "Вера", "последнее"));
  assert.ok(history.events.length <= 3000);
  assert.deepEqual(
    shown.filter(({ type }) => type === "message").map(({ message: { id } }) => id),
    [...Array.from({ length: 3200 }, (_, index) => index + 1), 3202],
  );
  const [{ before }] = shown.filter(({ type }) => type === "changed");
  assert.equal(before, null); // long gone
});
