/** @typedef {import("../model/room.js").Room} Room */

/** Milliseconds for which the page is hidden before its reader is away. */
const AFTER = 600_000;

/** Tells the room when the page has been hidden for long, or its reader says so, and when they are back. */
export class AwayWatch {
  #room;
  #isAway = false;
  #why = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
    document.addEventListener("visibilitychange", () => this.#look());
    for (const type of ["keydown", "pointerdown"])
      document.addEventListener(type, () => this.tell(false), { capture: true, passive: true });
    room.entered.on(() => this.#isAway && this.#send());
    room.left.on(() => {
      this.#isAway = false;
    });
    this.#look();
  }

  /**
   * Say that one is away, until the next key or touch, or is back.
   * @param {boolean} isAway
   * @param {string} why
   */
  tell(isAway, why = "") {
    if (!(isAway || this.#isAway)) return;
    this.#isAway = isAway;
    this.#why = why;
    this.#send();
  }

  #look() {
    clearTimeout(this.#timer);
    if (document.hidden) this.#timer = setTimeout(() => this.tell(true), AFTER);
    else this.tell(false);
  }

  #send() {
    const { joined, acts, connection } = this.#room;
    if (!joined || !acts.can("away")) return;
    connection.send({ type: "away", ...(this.#isAway ? this.#why && { why: this.#why } : { on: false }) });
  }
}
