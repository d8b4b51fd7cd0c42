import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrame } from "../../static/js/protocol.js";

test("a frame holds one event or more; what is none is passed over", t => {
  t.mock.method(console, "warn", () => {});
  const frame = '{"type":"pong"}\n{broken\n\n7\n{"type":"typing","name":"Анна"}\n';
  assert.deepEqual(
    parseFrame(frame).map(event => event.type),
    ["pong", "typing"],
  );
});
