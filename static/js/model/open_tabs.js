import { Signal } from "../lib/signal.js";
import { write } from "../lib/storage.js";
import { uniqueKey } from "../lib/unique.js";

/** @typedef {import("../lib/storage.js").Store} Store */

const KEY = "oneroom.tab";

/** Milliseconds that the other tabs have to say that they are open. */
const ANSWER_TIME = 300;

/** Knows which of the browser's tabs are open. A frozen one does not answer, and counts as closed. */
export class OpenTabs {
  /** Another tab is being closed, or reloaded. @type {Signal} */
  closed = new Signal();
  /** Of this tab; it survives reloads. */
  key;

  #channel;
  /** For each `ask` that waits: the tabs heard from since. @type {Set<Set<string>>} */
  #waiting = new Set();

  /**
   * @param {Store} store  Which the other tabs do not see.
   * @param {Pick<BroadcastChannel, "postMessage" | "onmessage">} channel  Reaches them.
   */
  constructor(store, channel) {
    this.#channel = channel;
    this.key = store.getItem(KEY) || uniqueKey();
    write(store, KEY, this.key);
    channel.onmessage = ({ data }) => this.#onMessage(data);
    this.ask().then(others => {
      if (!others.has(this.key)) return;
      this.key = uniqueKey(); // this tab is a copy of another one, and has its store
      write(store, KEY, this.key);
    });
  }

  /** @returns {Promise<Set<string>>} The keys of the other tabs that are open. */
  async ask() {
    const answers = new Set();
    this.#waiting.add(answers);
    this.#channel.postMessage({ type: "ask", tab: this.key });
    await new Promise(resolve => setTimeout(resolve, ANSWER_TIME));
    this.#waiting.delete(answers);
    return answers;
  }

  /** Tell the others that this tab is being closed. */
  close() {
    this.#channel.postMessage({ type: "closed" });
  }

  /** @param {{type?: unknown, tab?: unknown}} message */
  #onMessage({ type, tab }) {
    if (type === "closed") this.closed.emit();
    else for (const answers of this.#waiting) answers.add(String(tab));
    if (type === "ask") this.#channel.postMessage({ type: "open", tab: this.key });
  }
}
