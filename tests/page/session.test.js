import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Session } from "../../static/js/model/session.js";
import { FullStore } from "./wire.js";

test("identity and position survive a reload, and end together", () => {
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

test("with a full store the session lasts as long as the page", () => {
  const session = new Session(new FullStore());
  session.begin("Анна", "secret");
  session.markRead({ epoch: "e", id: 7 });
  assert.deepEqual([session.name, session.secret, session.read.id], ["Анна", "secret", 7]);
  session.end();
  assert.equal(session.name, "");
});

test("damaged entries in the store count as absent", () => {
  const damaged = {
    "oneroom.read": [
      '"zzz"',
      '{"epoch":"e","id":-1}',
      '{"epoch":5,"id":"x"}',
      '{"epoch":"e","id":1e300}',
      "[]",
      "{",
    ],
    "oneroom.identity": ["[1]", '"str"', '{"name":{"a":1},"secret":[1]}', '{"name":"Анна"}', "5"].concat(
      JSON.stringify({ name: "Анна", secret: "s".repeat(300) }),
    ),
  };
  for (const [key, values] of Object.entries(damaged)) {
    for (const value of values) {
      const store = new MemoryStore();
      store.setItem(key, value);
      const { name, secret, read } = new Session(store);
      assert.deepEqual([name, secret, read], ["", "", null], `${key} ${value}`);
    }
  }
});
