import { byId } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { makeRow, paintRow } from "./row_view.js";
import { layOut } from "./rows.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/room.js").Room} Room */

/** Pixels from the bottom within which the reader counts as being there. */
const BOTTOM = 30;
/** Pixels from either end of what is shown at which more is fetched. */
const NEAR_END = 600;
/** What has a number in the conversation. */
const NUMBERED = ".message, .notice";
/** Pixels kept above the line under which the unread messages begin. */
const ABOVE_UNREAD = 24;

/**
 * The conversation on the screen.
 *
 * Changes are gathered and shown once per frame. At the bottom the newest message
 * stays in sight; elsewhere whatever is being read stays exactly where it is.
 */
export class Transcript {
  /** A link to a message was copied; with its number. @type {Signal<number>} */
  copied = new Signal();

  #scroller = byId("div", "transcript");
  #list = byId("ol", "messages");
  #empty = byId("p", "transcript-empty");
  #newestButton = byId("button", "newest-button");
  #newestWords = byId("span", "newest-words");
  #room;
  #words;
  #viewport = new Viewport();
  /** What is shown, by row key. @type {Map<string, {element: HTMLElement, version: string}>} */
  #shown = new Map();
  /** Whether the reader is at the bottom. */
  #following = true;
  /**
   * Where the reader is otherwise: an element, and where its lower edge is in the view. The
   * upper one would not do: an author's line goes when earlier messages of theirs appear.
   */
  #anchor = { element: /** @type {Element | null} */ (null), bottom: 0 };
  /** Whether the next change is news, to be read aloud, and not the scenery of coming in. */
  #live = false;
  #scheduled = false;

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor(room, words) {
    this.#room = room;
    this.#words = words;
    room.changed.on(() => this.#schedule());
    room.unread.changed.on(() => this.#schedule());
    room.entered.on(() => {
      this.#live = false;
      this.#schedule();
    });
    room.left.on(() => this.#reset());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#scroller.addEventListener("click", event => this.#click(event));
    this.#list.addEventListener("keydown", event => this.#walk(event));
    this.#newestButton.addEventListener("click", () => this.toNewest());
    document.addEventListener("visibilitychange", () => this.#look());
    new ResizeObserver(() => this.#settle()).observe(this.#scroller);
    this.#schedule(); // what the outbox kept is there before any connection is
  }

  /** Go to the newest message. */
  toNewest() {
    if (location.hash) history.replaceState(null, "", location.pathname);
    if (this.#following) return; // whatever is new comes into sight with the next frame
    this.#viewport.toTail(this.#room.timeline.items);
    this.#following = true;
    this.#room.unread.setReading(true, this.#room.timeline.newest);
    this.#update();
  }

  /**
   * Go to a message of the timeline and point it out.
   * @param {number} id
   */
  show(id) {
    const { items } = this.#room.timeline;
    const item = items.find(each => each.kind === "message" && each.id === id);
    if (!item) return;
    this.#viewport.show(items, item.key);
    this.#following = false;
    this.#update();
    const element = this.#shown.get(item.key)?.element;
    element?.scrollIntoView({ block: "center" });
    this.#point(element);
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#update();
    });
  }

  #reset() {
    this.#viewport = new Viewport();
    this.#following = true;
    this.#schedule();
  }

  /** Make the page show what the room knows. */
  #update() {
    const { timeline, outbox, members, unread } = this.#room;
    if (this.#following && this.#viewport.atTail) timeline.trim();
    const focus = this.#following ? null : this.#focusKey();
    const [from, to] = this.#viewport.range(timeline.items, focus);
    const parcels = this.#viewport.atTail ? outbox.parcels : [];
    const items = timeline.items.slice(from, to);
    const rows = layOut(items, parcels, members.self, unread.dividerAfter, from === 0);
    this.#scroller.ariaLive = this.#live && this.#following ? "polite" : "off";
    this.#reconcile(rows);
    this.#empty.hidden = rows.length > 0 || !this.#room.joined;
    this.#live = this.#room.joined;
    this.#offerNumber();
    this.#settle();
  }

  /** @param {import("./rows.js").Row[]} rows */
  #reconcile(rows) {
    const keys = new Set(rows.map(row => row.key));
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const known = this.#shown.get(row.key);
      const element = known?.element ?? makeRow(row, this.#words);
      if (known && known.version !== row.version) paintRow(element, row, this.#words);
      this.#shown.set(row.key, { element, version: row.version });
      if (element === next) next = element.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
  }

  /** Put the view where the reader is: what was shown or its size has changed. */
  #settle() {
    const scroller = this.#scroller;
    const { element, bottom } = this.#anchor;
    if (this.#following) {
      scroller.scrollTop = Math.min(scroller.scrollHeight, this.#unreadTop());
    } else if (element?.isConnected) {
      scroller.scrollTop += this.#placeOf(element).bottom - bottom;
    }
    this.#scrolled();
  }

  /** @returns {number} The scroll position that begins with the unread messages, if there are any. */
  #unreadTop() {
    const line = this.#room.unread.count > 0 ? this.#list.querySelector(".unread") : null;
    if (!line) return Number.POSITIVE_INFINITY;
    return this.#scroller.scrollTop + this.#placeOf(line).top - ABOVE_UNREAD;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#following = below < BOTTOM && this.#viewport.atTail;
    this.#findAnchor();
    this.#look();
    if (scrollTop < NEAR_END) this.#showEarlier();
    if (below < NEAR_END && this.#viewport.later(this.#room.timeline.items)) this.#schedule();
  }

  #showEarlier() {
    const { items } = this.#room.timeline;
    const [front] = items;
    if (this.#viewport.earlier(items)) this.#schedule();
    else if (front?.kind === "gap" && !front.loading) this.#room.load(front);
  }

  /** Tell what the reader sees, and what they miss. */
  #look() {
    // What came, but is not shown yet, nobody has seen; showing it ends with another look.
    if (this.#scheduled && !document.hidden) return;
    const { unread, timeline } = this.#room;
    unread.setReading(this.#following && !document.hidden, timeline.newest);
    this.#newestButton.hidden = this.#following;
    this.#newestButton.classList.toggle("news", unread.count > 0);
    this.#newestWords.textContent = unread.count
      ? this.#words.say("newest.count", { count: unread.count })
      : this.#words.say("newest.jump");
  }

  /** Remember the first message in view, by which the view is held. */
  #findAnchor() {
    const rows = this.#list.children;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = rows[middle];
      if (row && row.getBoundingClientRect().bottom > this.#scroller.getBoundingClientRect().top)
        high = middle;
      else low = middle + 1;
    }
    let element = rows[low] ?? null;
    while (element?.nextElementSibling && !element.matches(NUMBERED)) element = element.nextElementSibling;
    this.#anchor = { element, bottom: element ? this.#placeOf(element).bottom : 0 };
  }

  #focusKey() {
    for (const [key, { element }] of this.#shown) if (element === this.#anchor.element) return key;
    return null;
  }

  /** @param {Element} element @returns Its edges, in pixels below the top of the view. */
  #placeOf(element) {
    const origin = this.#scroller.getBoundingClientRect().top;
    const { top, bottom } = element.getBoundingClientRect();
    return { top: top - origin, bottom: bottom - origin };
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const button = event.target.closest("button");
    if (button) this.#act(button.dataset);
    const number = event.target.closest("a.message-number[href]");
    if (number instanceof HTMLAnchorElement) {
      event.preventDefault();
      this.#copy(number);
    }
  }

  /** @param {DOMStringMap} data */
  #act({ action, ref = "", key }) {
    if (action === "retry") this.#room.retry(ref);
    if (action === "discard") this.#room.discard(ref);
    const gap = action === "load" && this.#room.timeline.items.find(item => item.key === key);
    if (gap && gap.kind === "gap") this.#room.load(gap);
  }

  /**
   * Of all the numbers one is reached with Tab: the newest, or the one walked to.
   * @param {Element | undefined} number
   */
  #offerNumber(number = this.#newestNumber) {
    if (this.#list.contains(document.activeElement) && number !== document.activeElement) return;
    this.#list.querySelector("a.message-number[tabindex='0']")?.setAttribute("tabindex", "-1");
    number?.setAttribute("tabindex", "0");
  }

  /** @returns {Element | undefined} Looked for from the end, as there may be very many. */
  get #newestNumber() {
    const number = (/** @type {Element} */ row) => row.querySelector("a.message-number[href]");
    let row = this.#list.lastElementChild;
    while (row && !number(row)) row = row.previousElementSibling;
    return row ? (number(row) ?? undefined) : undefined;
  }

  /**
   * From a message's number the arrow keys go to the next one's.
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    const message = event.target instanceof Element && event.target.closest(NUMBERED);
    if (!message || !event.target.matches("a.message-number")) return;
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const step = event.key === "ArrowUp" ? "previousElementSibling" : "nextElementSibling";
    let next = message[step];
    while (next && !next.matches(NUMBERED)) next = next[step];
    const number = next?.querySelector("a.message-number[href]");
    if (!(number instanceof HTMLElement)) return;
    number.focus();
    this.#offerNumber(number);
  }

  /** @param {HTMLAnchorElement} number */
  #copy(number) {
    history.replaceState(null, "", number.hash);
    this.#point(number.closest(NUMBERED));
    const id = Number(number.hash.slice(1));
    // Absent on pages that are neither local nor served over TLS; the address bar has it anyway.
    navigator.clipboard?.writeText(number.href).then(
      () => this.copied.emit(id),
      () => {},
    );
  }

  /** @param {Element | null | undefined} element */
  #point(element) {
    if (!(element instanceof HTMLElement)) return;
    this.#list.querySelector(".sought")?.classList.remove("sought");
    element.classList.add("sought");
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }
}
