import { copyText } from "../../lib/clipboard.js";
import { byClass, make } from "../../lib/dom.js";
import { cleanOutput, withoutColours } from "../../lib/sgr.js";
import { clean } from "../../lib/text.js";
import { LiveBody } from "../../model/live_body.js";
import { makeLines, PartsView } from "./live_lines.js";
import { describeLive } from "./live_slot.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../../model/timeline.js").MessageItem} MessageItem */
/** @typedef {import("../../model/protocol.js").RoomEvent} RoomEvent */

/** Lines that are shown of a folded one. */
const FOLDED = 5;
/** Pixels from the end within which the reader follows it. */
const END_MARGIN = 30;
/** Milliseconds for which a button says what it has done. */
const SAID = 2000;
/** Characters of the name of a file. */
const MAX_NAME = 60;

/** One live message: its title, its state, its last lines or all of them, and what can be done with these. */
export class LiveBlock {
  #element;
  #item;
  #room;
  #i18n;
  #signals;
  #state = make("span", "live-state");
  #code = make("code", "");
  #lines = make("pre", "live-lines", this.#code);
  #show = make("button", "live-show");
  #copy = make("button", "live-copy");
  #download = make("button", "live-download");
  #note = make("span", "live-note");
  #foot = make("div", "live-foot");
  /** What is shown whole; null while it is folded. @type {LiveBody | null} */
  #body = null;
  #parts = new PartsView(this.#code);
  #atEnd = true;
  /** Where it was scrolled to when that was last looked at. */
  #scrolled = 0;
  #version = -1;
  /** The last lines that are shown while it is folded. */
  #last = "";

  /**
   * @param {HTMLElement} element
   * @param {MessageItem} item
   * @param {Room} room
   * @param {I18n} i18n
   * @param {{changed: (block: LiveBlock) => void, opened: (block: LiveBlock) => void}} signals  Called when it is to
   *   be drawn, and when it is unfolded or folded.
   */
  constructor(element, item, room, i18n, signals) {
    this.#element = element;
    this.#item = item;
    this.#room = room;
    this.#i18n = i18n;
    this.#signals = signals;
    const number = make("span", "live-number", item.id === null ? "" : `#${item.id}`);
    number.ariaHidden = "true"; // the row has it too
    byClass(element, "live-head").append(this.#state, number);
    this.#lines.tabIndex = 0; // it scrolls
    this.#lines.role = "group";
    this.#lines.ariaLabel = i18n.t("live.lines", { title: clean(item.text) });
    this.#foot.append(this.#show, this.#copy, this.#download, this.#note);
    for (const button of [this.#show, this.#copy, this.#download]) button.tabIndex = -1; // see permalinks.js
    this.#copy.textContent = i18n.t("code.copy");
    this.#download.textContent = i18n.t("live.download");
    this.#show.addEventListener("click", () => (this.#body ? this.fold() : this.#unfold()));
    this.#copy.addEventListener("click", () => this.#give(this.#copy, copyText, "code.copied"));
    this.#download.addEventListener("click", () => this.#give(this.#download, text => this.#save(text)));
    this.#lines.addEventListener("scroll", () => this.#onScroll());
    element.append(this.#lines, this.#foot);
  }

  get id() {
    return this.#item.id;
  }

  get runs() {
    return this.#item.live?.state === "open" && this.id !== null;
  }

  /** Whether all of it is shown. */
  get isOpen() {
    return this.#body !== null;
  }

  /** Show how it stands, if that has changed. */
  update() {
    if (this.#item.version === this.#version) return;
    this.#version = this.#item.version;
    this.draw();
    this.tick();
  }

  /** Show for how long it has run. */
  tick() {
    const { id, at, live } = this.#item;
    if (!live) return;
    // What ran in an earlier log was not ended there.
    const known =
      id === null && live.state === "open" ? { ...live, state: /** @type {const} */ ("lost") } : live;
    const seconds = this.#room.lives.secondsOf(id ?? 0, at, known);
    const text = describeLive(known, seconds, this.#i18n);
    this.#element.dataset.state = known.state;
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  /** Show its lines. */
  draw() {
    const { id, live } = this.#item;
    if (!live) return;
    const { lines, text } = this.#room.lives.lastOf(id ?? 0, live);
    if (this.#body) {
      if (this.#lines.scrollTop !== this.#scrolled) this.#onScroll(); // or this would undo it
      this.#parts.draw(this.#body, this.#i18n);
      if (this.#atEnd) this.#lines.scrollTop = this.#lines.scrollHeight;
      this.#scrolled = this.#lines.scrollTop;
    } else if (text !== this.#last || !this.#code.hasChildNodes()) {
      this.#last = text;
      const shown = cleanOutput(text).replace(/\n$/, "").split("\n").slice(-FOLDED);
      this.#code.replaceChildren(...makeLines(shown));
    }
    const isGone = live.gone ?? false;
    const count = Math.max(lines, text ? 1 : 0);
    const label = this.#body ? "message.fold" : lines ? "live.show.count" : "live.show";
    const said = this.#i18n.t(label, { count: lines });
    if (this.#show.textContent !== said) this.#show.textContent = said;
    this.#show.ariaExpanded = String(this.isOpen);
    this.#show.hidden = id === null || isGone || (!this.#body && count <= FOLDED);
    this.#copy.hidden = this.#download.hidden = id === null || isGone || count === 0;
    this.#note.textContent = isGone ? this.#i18n.t("live.gone") : "";
    this.#foot.hidden = this.#show.hidden && this.#copy.hidden && !isGone;
    this.#lines.hidden = !this.#body && !text;
    this.#element.classList.toggle("open", this.isOpen);
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#lines;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < END_MARGIN;
    this.#scrolled = scrollTop;
  }

  /** @param {import("../../model/protocol.js").Output} output */
  onOutput(output) {
    if (!this.#body) return;
    this.#body.onOutput(output);
    this.#signals.changed(this);
  }

  /** The connection is back: go on where it was lost. */
  resume() {
    if (this.#body) void this.#load(this.#body, true);
  }

  /** Show only the last lines. */
  fold() {
    if (!this.#body) return;
    const from = this.#body.end;
    this.#body = null;
    this.#parts.clear();
    if (this.id !== null && this.#element.isConnected)
      this.#element.closest("li")?.scrollIntoView({ block: "nearest" });
    if (this.id !== null && this.#room.joined)
      this.#room.ask({ type: "body", id: this.id, from, follow: false }, () => {});
    this.#signals.opened(this);
  }

  async #unfold() {
    const body = new LiveBody();
    this.#show.disabled = true;
    const failed = await this.#load(body, true);
    this.#show.disabled = false;
    if (failed) this.#say(this.#show, "live.error");
  }

  /**
   * Load what is lacking.
   * @param {LiveBody} body
   * @param {boolean} follows  Whether it is shown, and what comes later is wanted too.
   * @returns {Promise<boolean>} Whether that has failed.
   */
  async #load(body, follows) {
    const { id } = this;
    if (id === null) return true;
    for (let more = true; more; ) {
      const request = {
        type: /** @type {const} */ ("body"),
        id,
        from: body.end,
        ...(follows && { follow: true }),
      };
      /** @type {RoomEvent} */
      const answer = await new Promise(resolve => this.#room.ask(request, resolve));
      if (answer.type !== "body") return true;
      if (follows && !this.#body) this.#begin(body);
      if (follows && this.#body !== body) return false; // folded meanwhile
      more = body.onBody(answer);
      if (follows) this.#signals.changed(this);
    }
    return false;
  }

  /** Show all of it from now on. @param {LiveBody} body */
  #begin(body) {
    this.#body = body;
    this.#atEnd = true;
    this.#code.replaceChildren();
    this.#last = "";
    this.#signals.opened(this);
  }

  /**
   * Load all of it and do something with the text.
   * @param {HTMLButtonElement} button
   * @param {(text: string) => Promise<boolean> | boolean} take
   * @param {string} [done]  What is said then.
   */
  async #give(button, take, done = "") {
    const body = new LiveBody();
    button.disabled = true;
    const failed = await this.#load(body, false);
    button.disabled = false;
    const count = Math.ceil(body.leftOut / 1024);
    const between = `${this.#i18n.t("live.left_out", { count })}\n`;
    const isTaken = !failed && (await take(withoutColours(cleanOutput(body.toText(between)))));
    if (!isTaken) this.#say(button, "live.error");
    else if (done) this.#say(button, done);
  }

  /** @param {string} text */
  #save(text) {
    const name = clean(this.#item.text)
      .replace(/[^\p{L}\p{N}._-]+/gu, "-")
      .replace(/^[-.]+/, "")
      .slice(0, MAX_NAME);
    const link = document.createElement("a");
    link.download = `${name || "output"}.log`;
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), SAID);
    return true;
  }

  /** @param {HTMLButtonElement} button @param {string} key */
  #say(button, key) {
    const text = button.textContent;
    button.textContent = this.#i18n.t(key);
    setTimeout(() => {
      if (button.textContent === this.#i18n.t(key)) button.textContent = text;
      this.#signals.changed(this);
    }, SAID);
  }
}
