import { byId, setLiveText } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { Announcer } from "./announcer.js";
import { makeRow, NUMBERED, updateRow } from "./row_view.js";
import { layOutRows } from "./rows.js";
import { MAX_SHOWN, MAX_WITH_UNREAD, Viewport } from "./viewport.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */

/** Pixels from the bottom within which the reader counts as being at the bottom. */
const BOTTOM_MARGIN = 30;
/** Pixels from either end of the rows at which more are shown. */
const SHOW_MARGIN = 500;
/** Rows that may be in the page: enough of the lowest for both margins, and for so many pixels of the window each. */
const ROWS_BESIDE = 65;
const WINDOW_PER_ROW = 14;
/** Items known before those shown, below which more are loaded once the reader goes back. */
const LOAD_MARGIN = 200;
/** Milliseconds between two updates, but while rows are added for the reader who scrolls. */
const UPDATE_INTERVAL = 50;
/** The same after an update with several new rows: in a flood nobody reads row by row. */
const FLOOD_INTERVAL = 100;
/** New rows of an update from which on it is part of a flood. */
const FLOOD_ROWS = 4;
/** Pixels kept free above the divider for unread messages. */
const UNREAD_MARGIN = 24;

/**
 * The conversation on the screen.
 *
 * Changes are shown at once; of many in a row, those of some milliseconds together. If the reader is at the
 * bottom, the newest message stays in view; otherwise what is being read stays exactly where it is.
 */
export class Transcript {
  /** The rows have changed. @type {Signal} */
  updated = new Signal();
  /** The text of an edit that has failed is wanted back: its `ref`. @type {Signal<string>} */
  textWanted = new Signal();

  #scroller = byId("div", "transcript");
  #list = byId("ol", "messages");
  #empty = byId("p", "transcript-empty");
  #newestButton = byId("button", "newest-button");
  #newestText = byId("span", "newest-text");
  #room;
  #folds;
  /** What is shown of the timeline, since the last update. @type {ReturnType<import("./folds.js").Folds["apply"]>} */
  #items = [];
  #i18n;
  #announcer;
  #viewport = new Viewport();
  /** The rows shown, by key. @type {Map<string, {element: HTMLElement, version: string}>} */
  #shown = new Map();
  /** Whether the reader is at the bottom. */
  #atBottom = true;
  /**
   * What holds the view elsewhere: an element, and where its lower edge is in the view. The upper
   * edge moves when earlier messages of the same author appear and the name above is hidden.
   */
  #anchor = { element: /** @type {Element | null} */ (null), bottom: 0 };
  #scheduled = false;
  /** Of the update that is scheduled for soon, else 0. */
  #timer = 0;
  /** When the page may be brought up to date again, as by `performance.now()`. */
  #dueAt = 0;
  /** The divider for unread messages that is shown: see `Unread`. @type {number | null} */
  #divider = null;
  /** Width and height of the view, for which the position was restored last. */
  #size = "";
  /** The scroll position that is known: the event of a newer one comes with the next frame. */
  #scrolled = 0;

  /**
   * @param {Room} room
   * @param {import("./folds.js").Folds} folds
   * @param {I18n} i18n
   */
  constructor(room, folds, i18n) {
    this.#room = room;
    this.#folds = folds;
    this.#i18n = i18n;
    this.#announcer = new Announcer(room, i18n);
    room.changed.on(() => this.#schedule());
    folds.changed.on(() => this.#schedule());
    room.unread.changed.on(() => this.#onUnread());
    room.entered.on(() => this.#onEntered());
    room.connection.changed.on(() => this.#showEmpty());
    room.left.on(() => this.#reset());
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#scroller.addEventListener("click", event => this.#onClick(event));
    this.#newestButton.addEventListener("click", () => {
      this.toNewest();
      this.#scroller.focus({ preventScroll: true }); // the button is hidden now
    });
    document.addEventListener("visibilitychange", () => this.#updateUnread());
    for (const event of ["focus", "blur"]) window.addEventListener(event, () => this.#updateUnread());
    new ResizeObserver(() => this.#restorePosition()).observe(this.#scroller);
    this.#schedule(); // shows the outbox even before there is a connection
  }

  /** Go to the newest message. */
  toNewest() {
    if (location.hash) history.replaceState(null, "", location.pathname);
    if (this.#atBottom) return; // the next frame scrolls by itself
    this.#viewport.toTail(this.#items);
    this.#atBottom = true;
    this.#room.unread.setReading(true, this.#room.timeline.newestMessage);
    this.#update();
  }

  /**
   * Go to a message of the timeline and highlight it.
   * @param {number} id
   */
  show(id) {
    const { items } = this.#room.timeline;
    const item = items.find(each => each.kind === "message" && each.id === id);
    if (!item) return;
    this.#folds.open(item.key);
    this.#viewport.show(this.#folds.apply(items, this.#room.members.self), item.key);
    this.#atBottom = false;
    this.#update();
    const element = this.#shown.get(item.key)?.element;
    element?.scrollIntoView({ block: "center" });
    this.highlight(element);
  }

  /** The height of a row has changed: keep what is read where it is, or the end in view. */
  settle() {
    this.#restorePosition();
  }

  /** The day or the time zone has changed: update all rows. */
  updateTimes() {
    for (const shown of this.#shown.values()) shown.version = "";
    this.#schedule();
  }

  /** @param {boolean} [inFrame]  With the next frame; else at once, or soon if the last update was just now. */
  #schedule(inFrame = document.hidden) {
    if (this.#scheduled && !(inFrame && this.#timer)) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#scheduled = true;
    const update = () => {
      this.#timer = 0;
      if (this.#scroller.scrollTop !== this.#scrolled) this.#onScroll(); // or the update would undo it
      this.#scheduled = false;
      this.#update();
    };
    const wait = this.#dueAt - performance.now();
    if (inFrame) requestAnimationFrame(update);
    else if (wait > 0) this.#timer = setTimeout(update, wait);
    else queueMicrotask(update);
  }

  #onEntered() {
    // A reader at the end with nothing unread follows all that comes before the first frame.
    if (this.#room.unread.count === 0) this.#setReading();
    this.#schedule(true); // with all else that is shown then
  }

  #reset() {
    this.#viewport = new Viewport();
    this.#atBottom = true;
    this.#schedule();
  }

  /** Bring the page up to date with the models. */
  #update() {
    const { timeline, outbox, acts, members, unread } = this.#room;
    if (this.#atBottom && this.#viewport.atTail) timeline.trim();
    const focus = this.#atBottom ? null : this.#anchorKey();
    const limit = this.#atBottom && unread.count > 0 ? MAX_WITH_UNREAD : MAX_SHOWN;
    const most = Math.max(limit, ROWS_BESIDE + Math.ceil(innerHeight / WINDOW_PER_ROW));
    this.#items = this.#folds.apply(timeline.items, members.self);
    const [from, to] = this.#viewport.range(this.#items, focus, most);
    const outgoing = this.#viewport.atTail ? acts.showOutgoing(outbox.messages) : [];
    const items = acts.show(this.#items.slice(from, to));
    this.#divider = unread.dividerAfter;
    const rows = layOutRows(items, outgoing, members.self, this.#divider, from === 0);
    const made = this.#reconcile(rows);
    this.#dueAt = performance.now() + (made < FLOOD_ROWS ? UPDATE_INTERVAL : FLOOD_INTERVAL);
    this.#announcer.update(this.#atBottom);
    this.#showEmpty();
    this.updated.emit();
    this.#restorePosition();
  }

  /** Say why there is nothing: nobody has spoken yet, or the room does not answer; not while it is first asked. */
  #showEmpty() {
    const { joined, connection, timeline } = this.#room;
    const { phase } = connection.state;
    const isAsked = phase === "connecting" || phase === "open";
    const isEmpty = joined ? this.#shown.size === 0 : timeline.items.length === 0;
    this.#empty.hidden = !isEmpty || (!joined && isAsked && this.#empty.hidden);
    this.#empty.classList.toggle("above", this.#shown.size > 0);
    setLiveText(this.#empty, this.#i18n.t(joined ? "transcript.empty" : "transcript.away"));
  }

  /**
   * @param {import("./rows.js").Row[]} rows
   * @returns {number} How many of them are new.
   */
  #reconcile(rows) {
    let made = 0;
    const keys = new Set(rows.map(row => row.key));
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const known = this.#shown.get(row.key);
      if (!known) made += 1;
      const element = known?.element ?? makeRow(row, this.#i18n);
      if (known && known.version !== row.version) updateRow(element, row, this.#i18n);
      if (known?.version !== row.version) this.#shown.set(row.key, { element, version: row.version });
      if (element === next) next = element.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
    return made;
  }

  /** Scroll to where the reader was, after rows or the size of the view have changed. */
  #restorePosition() {
    const scroller = this.#scroller;
    const { element, bottom } = this.#anchor;
    if (this.#atBottom) {
      scroller.scrollTop = Math.min(scroller.scrollHeight, this.#unreadTop());
    } else if (element?.isConnected) {
      const moved = this.#placeOf(element).bottom - bottom;
      // Even a scroll to the same place ends the movement that the wheel has begun.
      if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
    }
    this.#onScroll();
  }

  /** @returns {number} The scroll position with the divider for unread messages at the top, if there are any. */
  #unreadTop() {
    const { count, held } = this.#room.unread;
    const line = count > 0 && !held ? this.#list.querySelector(".unread") : null;
    if (!line) return Number.POSITIVE_INFINITY;
    return this.#scroller.scrollTop + this.#placeOf(line).top - UNREAD_MARGIN;
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight, clientWidth } = this.#scroller;
    const size = `${clientWidth} ${clientHeight}`;
    const below = scrollHeight - scrollTop - clientHeight;
    if (size !== this.#size) {
      this.#size = size;
      // If not the reader has scrolled but the browser, which goes to the end to fit the rows into the new size.
      if (scrollTop === this.#scrolled || below < 1) {
        this.#restorePosition();
        return;
      }
    }
    this.#scrolled = scrollTop;
    this.#atBottom = below < BOTTOM_MARGIN && this.#viewport.atTail;
    this.#findAnchor();
    this.#updateUnread();
    if (scrollTop < SHOW_MARGIN || !this.#atBottom) this.#loadEarlier();
    const inFrame = this.#scheduled && !this.#timer;
    if (!inFrame && this.#showMore(scrollTop, below)) this.#schedule(true);
  }

  /**
   * Show some more rows where the reader is near their end.
   * @param {number} above  Pixels of rows above the view.
   * @param {number} below
   * @returns {boolean} Whether there are more.
   */
  #showMore(above, below) {
    return (
      (above < SHOW_MARGIN && this.#viewport.earlier(this.#items)) ||
      (below < SHOW_MARGIN && this.#viewport.later(this.#items))
    );
  }

  /** Load what the reader will soon get to. */
  #loadEarlier() {
    const { items } = this.#room.timeline;
    const [front] = items;
    if (front?.kind !== "gap" || front.loading) return;
    if (this.#viewport.countBefore(this.#items) < LOAD_MARGIN) this.#room.history.load(front);
  }

  #onUnread() {
    if (this.#room.unread.dividerAfter === this.#divider) this.#showUnread();
    else this.#schedule();
  }

  #updateUnread() {
    // Rows that are not shown yet are not read; the update that shows them ends with this again.
    if (this.#scheduled && !document.hidden) return;
    this.#setReading();
    this.#showUnread();
  }

  /** Tell the model whether the reader sees the newest message. */
  #setReading() {
    const { unread, timeline } = this.#room;
    const present = !document.hidden && document.hasFocus();
    unread.setReading(this.#atBottom && present, timeline.newestMessage, present);
  }

  #showUnread() {
    const { unread } = this.#room;
    this.#newestButton.hidden = this.#atBottom;
    this.#newestButton.classList.toggle("news", unread.count > 0);
    const text = unread.count
      ? this.#i18n.t("newest.count", { count: unread.count })
      : this.#i18n.t("newest.jump");
    // Even the same text again would have the page laid out anew.
    if (text !== this.#newestText.textContent) this.#newestText.textContent = text;
  }

  /**
   * Choose the first message in view as the anchor, or the divider while there are unread messages:
   * more of them may be loaded below it.
   */
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
    const stays = this.#room.unread.count > 0 ? `${NUMBERED}, .unread` : NUMBERED;
    const element = nextMatching(rows[low] ?? null, stays);
    this.#anchor = { element, bottom: element ? this.#placeOf(element).bottom : 0 };
  }

  #anchorKey() {
    const message = nextMatching(this.#anchor.element, NUMBERED);
    for (const [key, { element }] of this.#shown) if (element === message) return key;
    return null;
  }

  /** @param {Element} element @returns Its edges, in pixels below the top of the view. */
  #placeOf(element) {
    const origin = this.#scroller.getBoundingClientRect().top;
    const { top, bottom } = element.getBoundingClientRect();
    return { top: top - origin, bottom: bottom - origin };
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const button = target instanceof Element ? target.closest("button") : null;
    const { action, ref = "", key = "", emoji = "" } = button?.dataset ?? {};
    if (action === "retry") this.#room.retry(ref);
    if (action === "discard") this.#room.discard(ref);
    if (action === "take") this.textWanted.emit(ref);
    if (action === "fold") this.#folds.toggle(key);
    const { id, key: message = "" } = button?.closest("li")?.dataset ?? {};
    if (action === "react") this.#room.acts.react(Number(id) || message, emoji);
    const gap = action === "load" && this.#room.timeline.items.find(item => item.key === key);
    if (gap && gap.kind === "gap") this.#room.history.load(gap);
  }

  /** @param {Element | null | undefined} element  A row; it also gets the focus. */
  highlight(element) {
    if (!(element instanceof HTMLElement)) return;
    this.#list.querySelector(".highlighted")?.classList.remove("highlighted");
    element.classList.add("highlighted");
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }
}

/**
 * @param {Element | null} row
 * @param {string} selector
 * @returns {Element | null} This row or the first below it that matches; else the last row.
 */
function nextMatching(row, selector) {
  let element = row;
  while (element?.nextElementSibling && !element.matches(selector)) element = element.nextElementSibling;
  return element;
}
