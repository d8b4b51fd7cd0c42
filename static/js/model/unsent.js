/**
 * The keys of what was written and not sent. Each names its owner, the `id` of the identity under
 * which it was written: `oneroom.outbox.<owner>.<ref>`, `oneroom.act.<owner>.<ref>`,
 * `oneroom.draft.<owner>.<tab>`. Earlier versions of the page stored no owner; "" stands for it.
 * @typedef {import("../lib/storage.js").Store} Store
 * @typedef {{kind: "outbox" | "act" | "draft", owner: string, name: string}} UnsentKey
 */

const KINDS = /** @type {const} */ (["outbox", "act", "draft"]);

/**
 * @param {UnsentKey} key
 * @returns {string} As it is stored.
 */
export function writeKey({ kind, owner, name }) {
  return ["oneroom", kind, ...(owner ? [owner] : []), name].join(".");
}

/**
 * @param {string} stored
 * @returns {UnsentKey | null} Null for a key of something else.
 */
export function readKey(stored) {
  const [root, found, ...rest] = stored.split(".");
  const kind = root === "oneroom" && KINDS.find(each => each === found);
  const name = rest.pop() ?? "";
  return kind ? { kind, owner: rest[0] ?? "", name } : null;
}

/**
 * @param {Store} store
 * @param {(key: UnsentKey) => boolean} wanted
 * @returns {UnsentKey[]}
 */
export function findKeys(store, wanted) {
  const keys = Array.from({ length: store.length }, (_, index) => readKey(store.key(index) ?? ""));
  return keys.filter(key => key !== null).filter(wanted);
}

/**
 * @param {Store} store
 * @param {(key: UnsentKey) => boolean} wanted
 */
export function removeKeys(store, wanted) {
  for (const key of findKeys(store, wanted)) store.removeItem(writeKey(key));
}
