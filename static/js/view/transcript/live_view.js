import { byId } from "../../lib/dom.js";
import { LiveBlock } from "./live_block.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/room.js").Room} Room */

/** Most that are shown whole at once: the room lets a connection follow no more. */
const MAX_OPEN = 16;

/** The live messages in the conversation. They are drawn at most once a frame. Loaded with the first: see live_loader.js. */
export class LiveView {
  #list = byId("ol", "messages");
  #room;
  #transcript;
  #i18n;
  /** By the element of each. @type {Map<Element, LiveBlock>} */
  #blocks = new Map();
  /** To be drawn with the next frame. @type {Set<LiveBlock>} */
  #changed = new Set();
  /** Those that are shown whole, the oldest first. @type {Set<LiveBlock>} */
  #open = new Set();
  /** Moves the times on while there is one that runs. @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /**
   * @param {Room} room
   * @param {import("./transcript.js").Transcript} transcript
   * @param {I18n} i18n
   */
  constructor(room, transcript, i18n) {
    this.#room = room;
    this.#transcript = transcript;
    this.#i18n = i18n;
    transcript.updated.on(() => this.#find());
    room.lives.grown.on(id => this.#withId(id, block => this.#onChanged(block)));
    room.lives.output.on(output => this.#withId(output.id, block => block.onOutput(output)));
    room.entered.on(() => {
      for (const block of this.#open) block.resume();
    });
    this.#find();
    transcript.settle();
  }

  /** Bring those that are in the page up to date; the transcript keeps its position then. */
  #find() {
    for (const [element, block] of this.#blocks) {
      if (element.isConnected) continue;
      block.fold();
      this.#blocks.delete(element);
    }
    for (const element of this.#list.querySelectorAll(".live")) {
      const { key = "" } = element.closest("li")?.dataset ?? {};
      const block = this.#blocks.get(element) ?? this.#make(element, key);
      block?.update();
    }
    const runs = [...this.#blocks.values()].some(block => block.runs);
    if (!runs) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    } else {
      this.#ticking ??= setInterval(() => {
        for (const block of this.#blocks.values()) block.tick();
      }, 1000);
    }
  }

  /** @param {Element} element @param {string} key */
  #make(element, key) {
    const item = this.#room.timeline.items.findLast(each => each.key === key);
    if (item?.kind !== "message" || !(element instanceof HTMLElement)) return undefined;
    const block = new LiveBlock(element, item, this.#room, this.#i18n, {
      changed: each => this.#onChanged(each),
      opened: each => this.#onOpened(each),
    });
    this.#blocks.set(element, block);
    return block;
  }

  /** @param {LiveBlock} block  Is shown whole now, or no longer. */
  #onOpened(block) {
    this.#open.delete(block);
    if (block.isOpen) this.#open.add(block);
    const [oldest] = this.#open;
    if (this.#open.size > MAX_OPEN) oldest?.fold();
    this.#onChanged(block);
  }

  /** @param {LiveBlock} block */
  #onChanged(block) {
    this.#changed.add(block);
    if (this.#changed.size > 1) return;
    requestAnimationFrame(() => {
      const blocks = [...this.#changed];
      this.#changed.clear();
      for (const each of blocks) each.draw();
      this.#transcript.settle();
    });
  }

  /** @param {number} id @param {(block: LiveBlock) => void} action */
  #withId(id, action) {
    for (const block of this.#blocks.values()) if (block.id === id) action(block);
  }
}
