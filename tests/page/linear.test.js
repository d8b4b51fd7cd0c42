import assert from "node:assert/strict";
import { test } from "node:test";
import { initialOf } from "../../static/js/lib/avatar.js";
import { excerpt } from "../../static/js/lib/excerpt.js";
import { preferredColour } from "../../static/js/lib/name_colours.js";
import { clean, isBlank, isEmojiOnly, lengthOf } from "../../static/js/lib/text.js";
import { tokenize } from "../../static/js/lib/tokens.js";
import { needsEmojis, parseShortForm } from "../../static/js/model/short_forms.js";

/** Parts whose repetition makes a careless regular expression backtrack. */
const REPEATED = {
  brackets: ")]}",
  opening: "([{",
  stops: ".,",
  "link after link": "http://a)]} ",
  "link in link": "http://",
  "almost a link": "http:/",
  "link of names": "http://a.b@",
  "link without a scheme": "www.a.b,",
  numbers: "#12345 ",
  "almost a number": "#1",
  hashes: "#",
  emoji: "👍",
  family: "👩\u200d",
  flags: "🇷",
  accents: "\u0301\u0316",
  spaces: " ",
  lines: "\r",
  invisible: "\u200b",
  unshown: "\u202e",
  letters: "а",
  words: "а ",
  folds: "ß",
};
const BEFORE = ["", "http://", "http://a", "http://a/", "#"];
const READERS = {
  tokenize: text => tokenize(clean(text)),
  isBlank: text => isBlank(text) || isBlank(`${text}!`),
  isEmojiOnly,
  lengthOf,
  shortForm: text =>
    [text, `s/${text}`, `+${text}`].map(typed => [needsEmojis(typed), parseShortForm(typed, () => "")]),
  excerpt: text => excerpt(text, "а ss http 12345 #1"),
  person: text => [preferredColour(text), initialOf(text)],
};

/** Milliseconds of CPU, as the machine is shared: the least of three runs; stops at one that is short enough. */
function timeOf(action, enough = 0) {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3 && least > enough; tries++) {
    const begin = process.cpuUsage();
    action();
    least = Math.min(least, process.cpuUsage(begin).user / 1000);
  }
  return least;
}

/** Yields a name and a function that makes a text of any length. */
function* texts() {
  for (const before of BEFORE) {
    for (const [name, part] of Object.entries(REPEATED)) {
      yield [`${before} ${name}`, length => before + part.repeat(length / part.length)];
    }
    const letter = (_, index) => String.fromCodePoint(0x4e00 + (index % 20_000));
    yield [`${before} all letters`, length => before + Array.from({ length }, letter).join("")];
  }
}

test("reading a text takes linear time, whatever it repeats", () => {
  for (const [what, text] of texts()) {
    for (const [reader, read] of Object.entries(READERS)) {
      const [short, long] = [text(1000), text(40_000)];
      // Quadratic time would be 1600 times as long. Short times are noise, so allow some.
      const allowed = 200 + 400 * timeOf(() => read(short));
      const took = timeOf(() => read(long), allowed);
      assert.ok(took < allowed, `${reader}, ${what}: ${took} ms, not ${allowed}`);
    }
  }
});
