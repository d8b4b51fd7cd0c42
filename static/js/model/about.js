import { arrayOf, boolean, clamped, object, string, truncated } from "../lib/shape.js";
import { Signal } from "../lib/signal.js";

/** Milliseconds for which an answer is as good as a new one: the gateway keeps it as long. */
const FRESH = 3000;

/** The fields that the room tells, and the gateway's invitation; all may be missing. */
const ABOUT = object(
  {},
  {
    title: truncated(64),
    welcome: truncated(280),
    count: clamped(0, 2 ** 31),
    names: arrayOf(truncated(1024)),
    password: boolean,
    url: string,
    room: string,
  },
);

/** Which room this is, who is inside, and how to invite others: all that is known before one joins. */
export class About {
  title = "";
  /** What the room says to those who come. */
  welcome = "";
  /** How many people are inside; null if the room does not answer. @type {number | null} */
  count = null;
  /** Some of them. @type {string[]} */
  names = [];
  needsPassword = false;
  /** The public address of the page, "" if the gateway was not told one. */
  url = "";
  /** That of the room for terminal clients, likewise. */
  room = "";
  /** @type {Signal} */
  changed = new Signal();

  #askedAt = Number.NEGATIVE_INFINITY; // as by `performance.now()`

  /** Ask the gateway, unless it was asked just now. */
  async refresh() {
    if (performance.now() - this.#askedAt > FRESH) await this.load();
  }

  /**
   * Ask the gateway.
   * @param {Promise<unknown>} [early]  Its answer, if it was asked already.
   */
  async load(early) {
    this.#askedAt = performance.now();
    const answer = ABOUT(await (early ?? ask())) ?? {};
    const { count = null, names = [], password = false, url = this.url, room = this.room } = answer;
    Object.assign(this, { count, names, needsPassword: password, url, room });
    if (count === null) this.changed.emit();
    else this.onTold(answer);
  }

  /** The room tells its title and its welcome. @param {{title?: string, welcome?: string}} told */
  onTold({ title = "", welcome = "" }) {
    Object.assign(this, { title, welcome });
    this.changed.emit();
  }
}

/** @returns {Promise<unknown>} What the gateway answers; null without an answer. As in boot.js. */
async function ask() {
  try {
    const answer = await fetch("about");
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
