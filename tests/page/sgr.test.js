import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cleanOutput, spans, withoutColours } from "../../static/js/lib/sgr.js";

const VECTORS = JSON.parse(readFileSync(new URL("../sgr_vectors.json", import.meta.url), "utf8"));

for (const { name, input, cleaned, spans: expected } of VECTORS)
  test(`output is cleaned and coloured as by the server: ${name}`, () => {
    assert.equal(cleanOutput(input), cleaned);
    assert.equal(cleanOutput(cleaned), cleaned);
    const lines = cleaned.replace(/\n$/, "").split("\n");
    const found = lines.map(line => spans(line));
    assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);
    const text = expected.map(line => line.map(([part]) => part).join("")).join("\n");
    assert.equal(withoutColours(cleaned).replace(/\n$/, ""), text);
  });
