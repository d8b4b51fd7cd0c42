import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenize } from "../../static/js/lib/tokens.js";
import { VECTORS } from "./link_vectors.js";

const kinds = text => tokenize(text).map(({ kind, text }) => [kind, text]);

test("tokens together are the text", () => {
  for (const text of ["", "просто текст", "https://a.example", "#1", "см. #12 и https://a.example/#3, да"]) {
    assert.equal(
      tokenize(text)
        .map(token => token.text)
        .join(""),
      text,
    );
  }
});

test("only http and https become links", () => {
  assert.deepEqual(kinds("HTTPS://a.example/x"), [["link", "HTTPS://a.example/x"]]);
  for (const text of [
    "javascript:alert(1)",
    "ftp://a.example",
    "data:text/html,x",
    "http://",
    "https:// x",
  ]) {
    assert.deepEqual(kinds(text), [["plain", text]], text);
  }
});

test("a link may be long, a host may not", () => {
  const long = `https://a.example/${"x".repeat(3000)}`;
  assert.deepEqual(kinds(long), [["link", long]]);
  const hosts = `https://${"x".repeat(3000)}/`;
  assert.deepEqual(kinds(hosts), [["plain", hosts]]);
});

test("numbers refer to messages, but not within words, links and entities", () => {
  assert.deepEqual(kinds("#1043, #7"), [
    ["number", "#1043"],
    ["plain", ", "],
    ["number", "#7"],
  ]);
  for (const text of ["a#1", "#0", "#12ab", "##3", "&#39;", "#тег", "#1234567890123456"]) {
    assert.deepEqual(kinds(text), [["plain", text]], text);
  }
  assert.deepEqual(kinds("https://a.example/#12"), [["link", "https://a.example/#12"]]);
});

test("links end where people see them end", () => {
  for (const [text, ...links] of VECTORS) {
    const found = tokenize(text).filter(({ kind }) => kind === "link");
    assert.deepEqual(
      found.map(link => link.text),
      links,
      text,
    );
  }
});

test("a link tells where it leads, if another host is written", () => {
  for (const [text, host] of [
    ["https://\u0430\u0440\u0440\u04cf\u0435.com/", "xn--80ak6aa92e.com"],
    ["https://ｇｏｏｇｌｅ.com", "google.com"],
    ["http://2130706433/", "127.0.0.1"],
    ["https://münchen.example", "xn--mnchen-3ya.example"],
    ["https://пример.рф/b", ""],
    ["www.A.example:443", ""],
  ])
    assert.equal(tokenize(text)[0].host, host, text);
  assert.equal(tokenize("www.a.example/b")[0].href, "https://www.a.example/b");
});

test("each character of 64 KiB is looked at once, whatever the text repeats", t => {
  const { codePointAt } = String.prototype;
  const { canParse } = URL;
  t.after(() => {
    String.prototype.codePointAt = codePointAt;
    URL.canParse = canParse;
  });
  let looked = 0;
  let parsed = 0;
  String.prototype.codePointAt = function (at) {
    looked += 1;
    return codePointAt.call(this, at);
  };
  URL.canParse = address => {
    parsed += address.length;
    return canParse(address);
  };
  const parts = [
    "(",
    ")",
    "[(",
    "_",
    ".",
    "a.",
    "a@",
    "www.",
    "http://",
    "http://a",
    "http://a/",
    "https://a/(",
  ];
  const more = [
    ",http://a/",
    "www.a.b,",
    "www.a.b/",
    "#1",
    "日",
    "/日",
    "👍",
    "а",
    "\u0301",
    "://",
    "%",
    "\\",
  ];
  for (const part of [...parts, ...more])
    for (const before of ["", "http://a", "_http://a/"]) {
      const text = before + part.repeat(65_536 / part.length);
      [looked, parsed] = [0, 0];
      tokenize(text);
      assert.ok(looked <= text.length, `${before} ${part}: ${looked} looked at`);
      assert.ok(parsed <= 3 * text.length, `${before} ${part}: ${parsed} parsed`); // with a scheme added
    }
});
