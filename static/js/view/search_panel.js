import { makeDoor, paintHue } from "../lib/avatar.js";
import { byId, make, speak } from "../lib/dom.js";
import { excerpt } from "../lib/excerpt.js";
import { clean } from "../lib/text.js";

/** @typedef {import("../lib/i18n.js").Words} Words */
/** @typedef {import("../model/protocol.js").Message} Message */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/search.js").Finding} Finding */

/**
 * Where one searches: in the place of those who are here, or on narrow screens above
 * everything. Each hit is a link to its message, so choosing one is following it.
 */
export class SearchPanel {
  #panel = byId("dialog", "search");
  #button = byId("button", "search-button");
  #form = byId("form", "search-form");
  #field = byId("input", "search-query");
  #scroller = byId("div", "search-found");
  #status = byId("p", "search-status");
  #list = byId("ol", "search-hits");
  #more = byId("button", "search-more");
  #retry = byId("button", "search-retry");
  #narrow = matchMedia("(max-width: 799px)");
  #search;
  #words;
  /** What the list shows. @type {Finding | null} */
  #shown = null;

  /**
   * @param {Room} room
   * @param {Words} words
   */
  constructor(room, words) {
    this.#search = room.search;
    this.#words = words;
    room.search.changed.on(() => this.#show());
    room.left.on(() => this.#reset());
    room.refused.on(() => this.#panel.close());
    this.#button.addEventListener("click", () => (this.#panel.open ? this.#panel.close() : this.#open()));
    byId("button", "search-close").addEventListener("click", () => this.#panel.close());
    this.#panel.addEventListener("close", () => this.#tell());
    this.#panel.addEventListener("keydown", event => this.#walk(event));
    this.#field.addEventListener("input", () => this.#search.want(this.#field.value));
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#enter();
    });
    this.#list.addEventListener("click", event => this.#follow(event));
    this.#more.addEventListener("click", () => this.#search.goOn());
    this.#retry.addEventListener("click", () => this.#search.again());
    this.#narrow.addEventListener("change", () => this.#panel.open && this.#open());
    document.addEventListener("keydown", event => this.#hear(event));
    this.#tell();
    this.#show();
  }

  /** Beside the room, or above it; if it is open already, the focus will return to where it is now. */
  #open() {
    this.#panel.close();
    if (this.#narrow.matches) this.#panel.showModal();
    else this.#panel.show();
    this.#field.select();
    this.#tell();
  }

  #reset() {
    this.#panel.close();
    this.#field.value = "";
  }

  #tell() {
    this.#button.ariaExpanded = String(this.#panel.open);
  }

  /**
   * Whoever is not writing opens with "/", everybody with Ctrl+K, by the key's place.
   * @param {KeyboardEvent} event
   */
  #hear(event) {
    if (!this.#button.checkVisibility() || event.isComposing || event.altKey) return;
    const { key, code, shiftKey, target } = event;
    const command = event.ctrlKey || event.metaKey;
    const writing = target instanceof Element && target.matches("input, textarea");
    if (key === "Escape" && this.#panel.open) {
      this.#panel.close();
    } else if (command ? code === "KeyK" && !shiftKey : key === "/" && !writing) {
      this.#open();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Go on to the first hit, or hurry it up. */
  #enter() {
    const first = this.#list.querySelector("a");
    if (this.#search.phase === "answered" && first) first.focus();
    else this.#search.again();
  }

  /**
   * The arrow keys lead from the field through the hits, and back.
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.isComposing || !(event.target instanceof HTMLElement)) return;
    /** @type {HTMLElement[]} */
    const stops = [this.#field, ...this.#list.querySelectorAll("a"), this.#more];
    const at = stops.indexOf(event.target);
    if (at < 0) return;
    event.preventDefault();
    stops[at + step]?.focus();
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    const hit = event.target instanceof Element && event.target.closest("a");
    if (!hit || event.ctrlKey || event.metaKey || event.shiftKey) return;
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    hit.ariaCurrent = "true";
    if (this.#narrow.matches) this.#panel.close();
  }

  #show() {
    const { possible, online, phase, found } = this.#search;
    this.#button.hidden = !possible;
    if (!possible) this.#panel.close();
    this.#panel.dataset.phase = online ? phase : "offline";
    this.#showFound(found);
    speak(this.#status, this.#describe());
    this.#status.classList.toggle("alone", !found?.messages.length);
    this.#more.hidden = !found?.more;
    this.#more.disabled = phase !== "answered" || !online;
    this.#retry.hidden = phase !== "failed" || !online;
  }

  /** @param {Finding | null} found */
  #showFound(found) {
    if (found === this.#shown) return;
    const known = this.#shown?.messages ?? [];
    const goesOn = known.length > 0 && known.every((message, index) => message === found?.messages[index]);
    // The button that asked for more has lost the focus, because it may not be pressed while it waits.
    const wasAtMore = document.activeElement === this.#more || document.activeElement === document.body;
    this.#shown = found;
    const messages = found?.messages.slice(goesOn ? known.length : 0) ?? [];
    const hits = messages.map(message => this.#makeHit(message, found?.query ?? ""));
    if (goesOn) this.#list.append(...hits);
    else this.#list.replaceChildren(...hits);
    if (goesOn && wasAtMore) hits[0]?.querySelector("a")?.focus();
    if (!known.some(message => found?.messages.includes(message))) this.#scroller.scrollTop = 0;
  }

  /** @returns {string} How the search is getting on. */
  #describe() {
    const { online, phase, found } = this.#search;
    if (phase === "idle") return this.#words.say("search.hint");
    if (!online) return this.#words.say("search.offline");
    if (phase === "failed") return this.#words.say("search.failed");
    if (!found) return this.#words.say("search.asking");
    const count = found.messages.length;
    if (count === 0) return this.#words.say("search.none");
    return this.#words.say(found.more ? "search.latest" : "search.found", { count });
  }

  /**
   * @param {Message} message
   * @param {string} query  With which it was found.
   */
  #makeHit({ id, at, name, text }, query) {
    const author = make("bdi", "hit-author", clean(name));
    paintHue(author, clean(name));
    const time = make("time", "", this.#words.when(new Date(at)));
    time.dateTime = at;
    time.title = this.#words.moment(new Date(at));
    const pieces = excerpt(clean(text), query);
    const words = make(
      "span",
      "hit-text",
      ...pieces.map(piece => (piece.marked ? make("mark", "", piece.text) : piece.text)),
    );
    words.dir = "auto";
    const link = make("a", "hit", makeDoor(clean(name)), author, time, words);
    link.href = `#${id}`;
    return make("li", "", link);
  }
}
