import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { IDENTITY_KEY, READ_KEY } from "./session.js";

/** @typedef {import("./open_tabs.js").OpenTabs} OpenTabs */
/** @typedef {import("./room.js").Room} Room */

/** Seconds after which the messages of a tab that was closed are taken up: it may be only a reload. */
const TAKE_UP_AFTER = 5;

/** Keeps this tab in agreement with the browser's others about who one is, what is unsent and what is read. */
export class TabSync {
  /** @type {Signal} */
  changed = new Signal();
  /** The name under which the other tabs are in the room, if it is another identity; else "". */
  otherName = "";

  #room;
  #tabs;

  /**
   * @param {Room} room
   * @param {OpenTabs} tabs
   */
  constructor(room, tabs) {
    this.#room = room;
    this.#tabs = tabs;
    tabs.closed.on(() => after(TAKE_UP_AFTER, () => this.#takeUp()));
    room.entered.on(() => {
      this.check();
      this.#takeUp();
    });
    room.left.on(() => this.check());
    room.refused.on(() => this.check());
    this.#takeUp(); // shown even before there is a connection
  }

  /**
   * Another tab has changed the store.
   * @param {string | null} key  Null if it has emptied the store.
   */
  onStorage(key) {
    if (key === null || key === IDENTITY_KEY) this.check();
    if (key === READ_KEY) this.#room.reading.follow();
    if (key !== null) this.#room.sender.follow(key);
  }

  /**
   * Compare our identity with the one in the store. From the login form, join as that one; if there is
   * none any more, leave.
   */
  check() {
    const { session, inside, joining } = this.#room;
    const { stored, isCurrent } = session;
    const otherName = inside && !isCurrent ? (stored?.name ?? "") : "";
    if (otherName !== this.otherName) {
      this.otherName = otherName;
      this.changed.emit();
    }
    if (isCurrent) this.#room.reading.follow();
    if (isCurrent || joining || otherName) return;
    if (inside) {
      if (session.isShared) this.#room.leave("elsewhere");
    } else {
      session.adopt();
      if (stored) this.#room.enter(stored.name);
    }
  }

  /** Leave, and join as who the other tabs are. */
  switch() {
    this.#room.leave(); // `check` does the rest
  }

  async #takeUp() {
    const others = await this.#tabs.ask();
    this.#room.sender.takeUp(tab => !others.has(tab));
  }
}
