import { maxLength, messageId, object, oneOf, string } from "../lib/shape.js";
import { readJson, write, writeJson } from "../lib/storage.js";
import { findKeys, writeKey } from "./unsent.js";

/** @typedef {import("./acts.js").Target} Target */
/** @typedef {import("./open_tabs.js").OpenTabs} OpenTabs */
/** @typedef {import("../lib/storage.js").Store} Store */

/**
 * What is done with a message while one writes: it is answered, or the text of one's own is changed. `epoch` is the log
 * that it is in; `gone` says that it is no longer there, in words.
 * @typedef {{kind: "reply", epoch: string, id: number, name: string, excerpt: string, gone?: string}} ReplyTask
 * @typedef {{kind: "edit", epoch: string, target: Target}} EditTask
 */

const TASK_KEY = "oneroom.task";
const TASK = object(
  { kind: oneOf("reply", "edit"), epoch: maxLength(1024) },
  {
    id: messageId,
    name: string,
    excerpt: string,
    gone: string,
    target: value => messageId(value) ?? maxLength(64)(value),
  },
);
const STORED_TASK = object({ owner: maxLength(64), task: TASK, typed: string });

/**
 * The text that is being written, one for each tab and identity; it survives reloads. A new tab takes
 * up what a closed one has left. What is done with a message meanwhile is the tab's alone.
 */
export class Drafts {
  #store;
  #tabStore;
  #tabs;

  /**
   * @param {Store} store
   * @param {OpenTabs} tabs
   * @param {Store} tabStore  Which the other tabs do not see.
   */
  constructor(store, tabs, tabStore) {
    this.#store = store;
    this.#tabStore = tabStore;
    this.#tabs = tabs;
  }

  /**
   * @param {string} owner  The `id` of an identity.
   * @returns {{task: ReplyTask | EditTask, typed: string} | null} What this tab did with a message, and the new text of one
   *   that is edited.
   */
  readTask(owner) {
    const stored = readJson(this.#tabStore, TASK_KEY, STORED_TASK);
    const { kind, id, target } = stored?.task ?? {};
    return stored?.owner === owner && (kind === "edit" ? target : id) ? stored : null;
  }

  /**
   * @param {string} owner
   * @param {ReplyTask | EditTask | null} task  Null for none.
   * @param {string} typed  The new text of a message that is edited, else "".
   */
  writeTask(owner, task, typed) {
    if (task) writeJson(this.#tabStore, TASK_KEY, { owner, task, typed });
    else this.#tabStore.removeItem(TASK_KEY);
  }

  /**
   * @param {string} owner  The `id` of an identity.
   * @returns {string} Its draft in this tab, or "".
   */
  read(owner) {
    return this.#store.getItem(this.#key(owner)) ?? "";
  }

  /**
   * @param {string} owner
   * @param {string} text  "" removes the draft.
   */
  write(owner, text) {
    if (text) write(this.#store, this.#key(owner), text);
    else this.#store.removeItem(this.#key(owner));
  }

  /**
   * Take up the newest draft of a closed tab.
   * @param {string} owner
   * @param {() => boolean} isWanted  Asked last.
   * @returns {Promise<string>} The draft, or "".
   */
  async takeUp(owner, isWanted) {
    const others = await this.#tabs.ask();
    const [left] = findKeys(this.#store, key => key.kind === "draft" && key.owner === owner)
      .filter(({ name }) => name !== this.#tabs.key && !others.has(name))
      .sort((one, other) => other.name.localeCompare(one.name));
    if (!left || !isWanted()) return "";
    const text = this.#store.getItem(writeKey(left)) ?? "";
    this.#store.removeItem(writeKey(left));
    this.write(owner, text);
    return text;
  }

  /** @param {string} owner */
  #key(owner) {
    return writeKey({ kind: "draft", owner, name: this.#tabs.key });
  }
}
