import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Commands, isCommand } from "../../static/js/model/commands.js";

const cases = JSON.parse(
  readFileSync(new URL("../chat_protocol/command_lines.json", import.meta.url), "utf8"),
);
const commands = new Commands(cases.table);

test("the page understands a line as the terminal does", () => {
  for (const { line, command } of cases.correct) {
    assert.ok(isCommand(line), line);
    const { name, ...given } = commands.parse(line);
    assert.deepEqual(given, command, line);
    assert.equal(name, line.slice(1).split(/\s/)[0].toLowerCase());
  }
});

test("the page refuses what the terminal refuses", () => {
  for (const { line, error, typed } of cases.wrong) {
    const word = line.split(/\s/)[0];
    const expected = { error, typed: typed ?? (error === "misuse" ? word.slice(1) : word) };
    assert.deepEqual(commands.parse(line), expected, line);
  }
});

test("the page explains every command in both languages", () => {
  for (const language of ["ru", "en"]) {
    const path = new URL(`../../static/i18n/${language}.json`, import.meta.url);
    const texts = JSON.parse(readFileSync(path, "utf8"));
    for (const { name, argument, onPage } of cases.table.commands) {
      assert.ok(texts[onPage ? `command.${name}` : `command.elsewhere.${name}`], name);
      for (const word of onPage ? (argument.match(/[a-z]+/gi) ?? []) : [])
        assert.ok(texts[`command.word.${word}`], word);
    }
  }
});

test("two slashes begin a text, and so does white space", () => {
  assert.deepEqual(["/", "/who", "/ who", "//who", "///", " /who", "5/2", ""].map(isCommand), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("as in the terminal, white space behind the slash does not matter, and no messages are no history", () => {
  assert.deepEqual(commands.parse("/ who"), { name: "who" });
  assert.deepEqual(commands.parse("/history 0"), { error: "misuse", typed: "history" });
});

test("what only other doors have is told apart from what nobody has", () => {
  assert.deepEqual(commands.parse("/encoding cp1251"), { error: "elsewhere", typed: "encoding" });
  assert.ok(!commands.list.some(({ name }) => name === "encoding"));
});

test("a word is taken for the command that begins like it, or differs by one letter", () => {
  const nearest = typed => commands.nearest(typed, commands.list)?.name;
  const meant = { "/moderater": "moderator", "/Mod": "moderator", "/hsitory": "history", "/bann": "ban" };
  for (const [typed, name] of Object.entries({ ...meant, "/whp": "who", "/wois": "whois" }))
    assert.equal(nearest(typed), name);
  for (const typed of ["/", "/frob", "/etc/hosts", "/usr", "/whoever"])
    assert.equal(nearest(typed), undefined, typed);
});
