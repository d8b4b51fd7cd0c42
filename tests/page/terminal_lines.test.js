import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseMarkdown } from "../../static/js/lib/markdown.js";
import { NameColours } from "../../static/js/lib/name_colours.js";
import { TerminalWords, WORDS } from "../../static/js/lib/terminal_words.js";
import { TerminalLines } from "../../static/js/model/terminal_lines.js";

process.env.TZ = "UTC";

const CORPUS = JSON.parse(readFileSync(new URL("../terminal_vectors.json", import.meta.url), "utf8"));

/** Lines as the vectors have them: neighbours of one style are one run. */
function described(lines) {
  return lines.map(line => {
    const runs = [];
    for (const [style, text] of line) {
      if (!text) continue;
      const styles = style.split(" ").filter(Boolean).join(" ");
      if (runs.at(-1)?.[0] === styles) runs.at(-1)[1] += text;
      else runs.push([styles, text]);
    }
    return runs;
  });
}

/** What a room looks like in which these events happen. */
function render({ lang, columns, events }) {
  const colours = new NameColours();
  const lines = new TerminalLines(new TerminalWords(lang), () => columns, colours, parseMarkdown);
  const known = new Map();
  let members = [];
  const out = [];
  for (const event of events) {
    if (event.type === "entered") members = event.members;
    if (event.type === "joined") members = [...members, event.name];
    if (event.type === "left") members = members.filter(name => name !== event.name);
    if (event.type !== "message" && event.type !== "changed") colours.meet(members);
    const before = known.get(event.message?.id) ?? null;
    for (const message of [...(event.messages ?? []), event.message])
      if (message) known.set(message.id, message);
    out.push(...lines.show(event.type === "changed" ? { ...event, before } : event));
  }
  return described([...out, ...lines.visitorsWithDay()]);
}

for (const vector of CORPUS.vectors)
  test(vector.about, () => {
    assert.deepEqual(render(vector), vector.lines);
  });

test("the words are the terminal client's", () => {
  assert.deepEqual(WORDS, CORPUS.words);
});
