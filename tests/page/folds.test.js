import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Ignored } from "../../static/js/model/ignored.js";
import { Settings } from "../../static/js/model/settings.js";
import { Folds } from "../../static/js/view/transcript/folds.js";
import { countLines } from "../../static/js/view/transcript/long_text.js";

const said = (key, name) => ({ kind: "message", key, id: null, at: "", name, text: "" });
const act = (key, by = "Вера", kind = "mute") => ({ ...said(key, "Сервер"), notice: { act: kind, by } });
const moved = key => ({ kind: "presence", key });
const keys = items => items.map(item => item.key);

function setUp() {
  const store = new MemoryStore();
  const [settings, ignored] = [new Settings(store), new Ignored(store)];
  return { store, settings, ignored, folds: new Folds(settings, ignored) };
}

test("of three acts of moderators in a row all but the last are one line, which opens and closes", () => {
  const { folds } = setUp();
  const two = [act("a"), act("b"), said("m", "Анна")];
  assert.deepEqual(folds.apply(two, "Я"), two);
  const four = [act("a"), moved("p"), act("b", "Зоя"), act("c"), said("m", "Анна"), act("d"), moved("q")];
  const folded = folds.apply(four, "Я");
  assert.deepEqual(keys(folded), ["fold a", "c", "p", "m", "d", "q"]);
  const { count, names, open } = folded[0];
  assert.deepEqual([count, names, open], [2, ["Вера", "Зоя"], false]);
  folds.toggle("fold a");
  // It stays open when another act begins it, as earlier ones are loaded.
  const opened = folds.apply([act("0"), ...four], "Я");
  assert.deepEqual(keys(opened), ["fold 0", "0", "a", "b", "c", "p", "m", "d", "q"]);
  assert.equal(opened[0].open, true);
  folds.toggle("fold 0");
  assert.deepEqual(folds.apply(four, "Я"), folded);
});

test("an announcement is never folded", () => {
  const { folds } = setUp();
  const items = [act("a"), act("b"), act("c", "Вера", "announce"), act("d"), act("e")];
  assert.deepEqual(folds.apply(items, "Я"), items);
});

test("the messages of those who are ignored are one line, and one that is looked for is shown", () => {
  const { folds, ignored, store } = setUp();
  let changes = 0;
  folds.changed.on(() => changes++);
  ignored.toggle("Хам");
  assert.equal(changes, 1);
  const items = [said("1", "Хам"), said("2", "Хам"), said("3", "Анна"), said("4", "Хам")];
  assert.deepEqual(keys(folds.apply(items, "Я")), ["fold 1", "3", "fold 4"]);
  assert.deepEqual(folds.apply(items, "Хам"), items, "one's own");
  folds.open("2");
  assert.deepEqual(keys(folds.apply(items, "Я")), ["fold 1", "1", "2", "3", "fold 4"]);
  assert.deepEqual(new Ignored(store).names, ["Хам"]);
  ignored.toggle("Хам");
  assert.deepEqual(folds.apply(items, "Я"), items);
});

test("joins and leaves are left out on request", () => {
  const { folds, settings } = setUp();
  const items = [said("1", "Анна"), moved("p")];
  assert.deepEqual(folds.apply(items, "Я"), items);
  settings.set("joins", "hidden");
  assert.deepEqual(folds.apply(items, "Я"), items.slice(0, 1));
});

test("a setting that is no choice counts as none", () => {
  const { settings, store } = setUp();
  store.setItem("oneroom.theme", "neon");
  assert.equal(settings.get("theme"), "auto");
  for (const theme of ["light", "dark", "auto"]) {
    settings.next("theme");
    assert.equal(settings.get("theme"), theme);
  }
});

test("long lines count as several", () => {
  assert.equal(countLines("а\n\nб"), 3);
  assert.equal(countLines("а".repeat(161)), 3);
});
