import assert from "node:assert/strict";
import { test } from "node:test";
import { Members } from "../../static/js/model/members.js";

test("our own name comes first, the others in alphabetical order", () => {
  const members = new Members();
  members.reset("Вера", ["Борис", "Вера"]);
  members.add("Анна");
  assert.deepEqual(members.names, ["Вера", "Анна", "Борис"]);
});

test("nobody is listed twice, and nobody who has left", () => {
  const members = new Members();
  members.reset("Вера", ["Борис", "Борис", "Глеб"]);
  members.add("Глеб");
  members.remove("Борис");
  members.remove("Никто");
  members.self = "Анна";
  assert.deepEqual(members.names, ["Анна", "Вера", "Глеб"]);
});

test("typing is shown until a message, a leave, or a timeout", t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const members = new Members();
  members.reset("Я", ["А", "Б", "В"]);
  for (const name of ["А", "Б", "В"]) members.startTyping(name);
  members.stopTyping("А");
  members.remove("Б");
  assert.deepEqual(members.typing, ["В"]);
  t.mock.timers.tick(4000);
  members.startTyping("В");
  t.mock.timers.tick(4000);
  assert.deepEqual(members.typing, ["В"]);
  t.mock.timers.tick(1000);
  assert.deepEqual(members.typing, []);
});
