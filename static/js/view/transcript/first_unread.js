import { byId } from "../../lib/dom.js";

/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("./transcript.js").Transcript} Transcript */

/** The button that leads back to the first message that was unread, while it is above what is in view. */
export class FirstUnread {
  #button = byId("button", "first-unread-button");
  #scroller = byId("div", "transcript");
  #list = byId("ol", "messages");
  #room;
  #transcript;
  /** The divider that was in view when all was read: nobody needs a way back to it. @type {number | null} */
  #seen = null;

  /**
   * @param {Room} room
   * @param {Transcript} transcript
   */
  constructor(room, transcript) {
    this.#room = room;
    this.#transcript = transcript;
    for (const signal of [transcript.updated, room.unread.changed]) signal.on(() => this.#update());
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#button.addEventListener("click", () => this.#go());
    this.#update();
  }

  #update() {
    const { dividerAfter } = this.#room.unread;
    const isWanted = dividerAfter !== null && dividerAfter !== this.#seen;
    this.#button.hidden = !isWanted || this.#place() !== "above" || this.#isBelow(dividerAfter);
  }

  /** Only now the rows are where the reader sees them. */
  #onScroll() {
    const { dividerAfter, count } = this.#room.unread;
    if (count === 0 && this.#place() === "in view") this.#seen = dividerAfter;
    this.#update();
  }

  /** @returns {"above" | "in view" | "below"} Where the divider is. */
  #place() {
    const { top = Number.NEGATIVE_INFINITY } =
      this.#list.querySelector(".unread")?.getBoundingClientRect() ?? {};
    const view = this.#scroller.getBoundingClientRect();
    return top < view.top ? "above" : top < view.bottom ? "in view" : "below";
  }

  /** @param {number} divider @returns {boolean} Whether all that is in the page was read before. */
  #isBelow(divider) {
    const numbers = this.#list.querySelectorAll("[data-id]");
    const last = numbers[numbers.length - 1];
    return !(last instanceof HTMLElement) || Number(last.dataset.id) <= divider;
  }

  async #go() {
    const { history, timeline, unread } = this.#room;
    const divider = unread.dividerAfter;
    if (divider === null) return;
    await history.find(divider + 1);
    const first = timeline.items.find(item => item.kind === "message" && (item.id ?? 0) > divider);
    if (first?.kind === "message" && first.id !== null) this.#transcript.show(first.id);
  }
}
