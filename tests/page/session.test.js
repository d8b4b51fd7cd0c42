import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../static/js/session.js";
import { MemoryStore } from "../../static/js/storage.js";

test("the identity and the place in the conversation outlive a reload, and end together", () => {
  const store = new MemoryStore();
  const session = new Session(store);
  session.begin("Анна", "secret");
  session.markRead({ epoch: "e", id: 7 });
  session.markRead({ epoch: "e", id: 5 });
  const again = new Session(store);
  assert.deepEqual([again.name, again.secret, again.read], ["Анна", "secret", { epoch: "e", id: 7 }]);
  again.markRead({ epoch: "f", id: 1 });
  assert.deepEqual(again.read, { epoch: "f", id: 1 });
  again.end();
  const nobody = new Session(store);
  assert.deepEqual([nobody.name, nobody.read, nobody.suggestedName], ["", null, "Анна"]);
});
