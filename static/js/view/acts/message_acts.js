import { copyText } from "../../lib/clipboard.js";
import { byClass, byId, permalink } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { Menu } from "../menu.js";
import { HAVE_WORDS } from "../transcript/notice_view.js";
import { NUMBERED } from "../transcript/row_view.js";
import { EmojiPicker } from "./emoji_picker.js";
import { onLongPress } from "./long_press.js";
import { onSwipe } from "./swipe.js";

/** @typedef {import("../action_dialog.js").ActionDialog} ActionDialog */
/** @typedef {import("../../lib/emojis.js").Emojis} Emojis */
/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../menu.js").MenuItem} MenuItem */
/** @typedef {import("../../model/acts.js").ShownItem} ShownItem */
/** @typedef {import("../../model/acts.js").ShownMessage} ShownMessage */
/** @typedef {import("../../model/acts.js").Target} Target */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("./recent_emoji.js").RecentEmoji} RecentEmoji */
/** @typedef {import("../toast.js").Toast} Toast */

/**
 * What the page does with a message elsewhere. `moderate` asks a moderator why it is to be deleted.
 * @typedef {object} Doors
 * @property {(item: ShownItem) => void} reply
 * @property {(item: ShownItem | ShownMessage) => void} edit
 * @property {(name: string) => void} mention
 * @property {(id: number) => void} moderate
 */

/** A touch screen without a mouse. */
const TOUCH = matchMedia("(hover: none)");

/**
 * What can be done with a message: a bar at the one pointed at, and a menu, which a long press, Enter, the key for
 * menus and a button of the bar open. Only what applies is offered.
 */
export class MessageActs {
  #list = byId("ol", "messages");
  #bar = byId("div", "message-tools");
  #reactButton = byId("button", "react-button");
  #replyButton = byId("button", "reply-button");
  #moreButton = byId("button", "more-button");
  #menu = new Menu("message-menu");
  #room;
  #i18n;
  #toast;
  #dialog;
  #doors;
  #picker;
  #recent;

  /**
   * @param {Room} room
   * @param {RecentEmoji} recent
   * @param {Emojis} emojis
   * @param {I18n} i18n
   * @param {{toast: Toast, actionDialog: ActionDialog}} views
   * @param {Doors} doors
   */
  constructor(room, recent, emojis, i18n, { toast, actionDialog }, doors) {
    this.#room = room;
    this.#i18n = i18n;
    this.#toast = toast;
    this.#dialog = actionDialog;
    this.#doors = doors;
    this.#recent = recent;
    this.#picker = new EmojiPicker(emojis, i18n);
    for (const type of ["pointerover", "focusin", "click"])
      this.#list.addEventListener(type, event => this.#follow(event));
    this.#list.addEventListener("keydown", event => this.#onKey(event));
    this.#reactButton.addEventListener("click", () => this.#withRow((item, row) => this.#pick(item, row)));
    this.#replyButton.addEventListener("click", () => this.#withRow(item => this.#answer(item)));
    this.#moreButton.addEventListener("click", () =>
      this.#withRow((item, row) => this.#open(item, row, this.#moreButton)),
    );
    this.#list.addEventListener("click", ({ target }) => {
      const number = target instanceof Element ? target.closest(".message-number[role]") : null;
      const row = rowOf(number);
      const item = this.#itemOf(row);
      if (row && item && number instanceof HTMLElement) this.#open(item, row, number);
    });
    onLongPress(this.#list, target => {
      const row = rowOf(target);
      const item = this.#itemOf(row);
      if (row && item && !this.#menu.isOpen) this.#open(item, row, row);
    });
    const answerable = (/** @type {Element} */ target) => {
      const row = rowOf(target);
      const item = this.#itemOf(row);
      return item && !item.deleted && this.#room.acts.canAnswer(item) ? row : null;
    };
    onSwipe(this.#list, answerable, row => {
      const item = this.#itemOf(row);
      if (item) this.#answer(item);
    });
    room.changed.on(() => this.#refresh());
    for (const signal of [room.left, room.refused]) signal.on(() => this.#close());
  }

  #close() {
    this.#menu.close();
    this.#picker.close();
  }

  /** @param {(item: ShownItem | ShownMessage, row: HTMLElement) => void} act */
  #withRow(act) {
    const row = rowOf(this.#bar);
    const item = this.#itemOf(row);
    if (row && item) act(item, row);
  }

  /** @param {HTMLElement | null} row @returns {ShownItem | ShownMessage | undefined} */
  #itemOf(row) {
    const { id, key = "" } = row?.dataset ?? {};
    return this.#room.acts.find(Number(id) || key);
  }

  /** @param {ShownItem | ShownMessage} item */
  #answer(item) {
    if ("id" in item) this.#doors.reply(item);
  }

  /** @param {Event} event  Under a finger what is pressed or passed in another row does not take the bar there. */
  #follow({ type, target }) {
    const isPassing = type === "pointerover" || (target instanceof Element && target.closest("button"));
    if (!TOUCH.matches || !isPassing) this.#moveBar(target);
  }

  /** @param {EventTarget | null} target */
  #moveBar(target) {
    const row = rowOf(target);
    const item = this.#itemOf(row);
    if (!row || !item || item.deleted) return;
    // What was reached with the keyboard keeps the bar, wherever the pointer rests.
    const focused = this.#list.querySelector(":focus-visible");
    if (focused && !row.contains(focused)) return;
    if (this.#bar.parentElement !== row) row.append(this.#bar);
    this.#bar.hidden = false;
    this.#showWhatApplies(item);
  }

  #refresh() {
    if (this.#bar.hidden || !this.#bar.isConnected) return;
    const item = this.#itemOf(rowOf(this.#bar));
    if (!item || item.deleted) this.#bar.remove();
    else this.#showWhatApplies(item);
  }

  /** @param {ShownItem | ShownMessage} item */
  #showWhatApplies(item) {
    const { acts } = this.#room;
    this.#reactButton.hidden = !acts.canReact(item);
    this.#replyButton.hidden = !acts.canAnswer(item);
    this.#bar.ariaLabel = this.#labelOf(item);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { target, key, shiftKey, ctrlKey, metaKey, altKey, isComposing } = event;
    const row = rowOf(target);
    const item = this.#itemOf(row);
    if (!row || !item || ctrlKey || metaKey || altKey || isComposing || !(target instanceof HTMLElement))
      return;
    const isRow = target === row || target.matches(".message-number");
    const { acts } = this.#room;
    const isMenuKey = key === "ContextMenu" || (key === "F10" && shiftKey);
    if (key === "Delete") this.#remove(item);
    else if (isMenuKey || (key === "Enter" && isRow)) this.#open(item, row, target);
    else if (key === "+" && acts.canReact(item)) this.#pick(item, row);
    else if (letterOf(event) === "r" && acts.canAnswer(item)) this.#answer(item);
    else if (letterOf(event) === "e" && acts.canEdit(item)) this.#doors.edit(item);
    else if (letterOf(event) === "u" && "id" in item && item.id) this.#room.reading.markUnread(item.id);
    else return;
    event.preventDefault();
  }

  /**
   * @param {ShownItem | ShownMessage} item
   * @param {HTMLElement} row
   * @param {HTMLElement} anchor
   */
  #open(item, row, anchor) {
    this.#menu.open(anchor, this.#labelOf(item), this.#itemsFor(item, row), this.#reactionsFor(item, row));
  }

  /** @param {ShownItem | ShownMessage} item */
  #labelOf(item) {
    if ("id" in item) return this.#i18n.t("act.menu", { number: `#${item.id}` });
    return this.#i18n.t("act.menu.unsent", { time: this.#i18n.time(new Date(item.at)) });
  }

  /**
   * @param {ShownItem | ShownMessage} item
   * @param {HTMLElement} row
   * @returns {MenuItem[]} The emoji used last, and all others.
   */
  #reactionsFor(item, row) {
    if (!this.#room.acts.canReact(item)) return [];
    const own = (item.reactions ?? []).filter(({ mine }) => mine).map(({ emoji }) => emoji);
    const label = this.#i18n.t("act.react");
    const known = this.#recent.list.map(emoji => ({
      label: `${label} ${emoji}`,
      icon: emoji,
      pressed: own.includes(emoji),
      run: () => this.#react(item, emoji),
    }));
    return [
      ...known,
      { label: this.#i18n.t("act.react.other"), icon: "＋", run: () => this.#pick(item, row) },
    ];
  }

  /**
   * @param {ShownItem | ShownMessage} item
   * @param {HTMLElement} row
   * @returns {MenuItem[]}
   */
  #itemsFor(item, row) {
    const { acts, members } = this.#room;
    const { id, name, notice, mine } =
      "id" in item ? item : { id: null, name: "", notice: undefined, mine: true };
    const text = notice ? (notice.text ?? "") : item.text;
    const isOthers = !notice && !mine && name !== members.self && !item.deleted;
    /** @param {string} key @param {boolean} applies @param {() => void} run @param {boolean} [danger] */
    const offer = (key, applies, run, danger = false) =>
      applies ? [{ label: this.#i18n.t(`act.${key}`), run, danger }] : [];
    return [
      ...offer("reply", acts.canAnswer(item), () => this.#answer(item)),
      ...offer("edit", acts.canEdit(item), () => this.#doors.edit(item)),
      ...offer("mention", isOthers, () => this.#doors.mention(name)),
      ...offer("copy", text !== "", () =>
        this.#copy(text, id === null ? "act.copied.unsent" : "act.copied", id),
      ),
      ...offer("select", text !== "" && TOUCH.matches, () => select(row)),
      ...offer("link", id !== null, () =>
        this.#copy(new URL(permalink(id ?? 0), location.href).href, "message.copied", id),
      ),
      ...offer("unread", id !== null, () => this.#room.reading.markUnread(id ?? 0)),
      ...offer("delete", acts.canRemove(item) || this.#canModerate(item), () => this.#remove(item), true),
    ];
  }

  /** @param {ShownItem | ShownMessage} item */
  #canModerate(item) {
    if (!("id" in item) || item.deleted || !this.#room.moderation.moderator) return false;
    return !item.notice || HAVE_WORDS.includes(item.notice.act);
  }

  /**
   * @param {string} text
   * @param {string} said  Key of what is said then.
   * @param {number | null} id
   */
  async #copy(text, said, id) {
    if (await copyText(clean(text))) this.#toast.show(this.#i18n.t(said, { number: `#${id}` }));
  }

  /** @param {ShownItem | ShownMessage} item */
  #remove(item) {
    const target = targetOf(item);
    if (!this.askDelete(target) && this.#canModerate(item)) this.#doors.moderate(Number(target));
  }

  /**
   * Ask whether one's own message is to be deleted.
   * @param {Target} target
   * @returns {boolean} Whether it is one's own, and there.
   */
  askDelete(target) {
    const { acts } = this.#room;
    const item = acts.find(target);
    if (!item || !acts.canRemove(item)) return false;
    const title = typeof target === "number" ? "action.delete" : "action.delete.unsent";
    this.#dialog.open({
      title: [this.#i18n.t(title, { number: `#${target}` })],
      text: this.#i18n.t("action.delete.text"),
      fields: [],
      confirm: this.#i18n.t("action.delete.confirm"),
      danger: true,
      run: async () => {
        acts.remove(target);
        return "";
      },
    });
    return true;
  }

  /**
   * @param {ShownItem | ShownMessage} item
   * @param {string} emoji
   */
  #react(item, emoji) {
    this.#recent.use(emoji);
    this.#room.acts.react(targetOf(item), emoji);
  }

  /**
   * Open the picker of emoji at a row.
   * @param {ShownItem | ShownMessage} item
   * @param {HTMLElement} row
   */
  #pick(item, row) {
    const anchor = this.#bar.parentElement === row ? this.#bar : row;
    this.#picker.open(anchor, emoji => this.#react(item, emoji));
  }
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} The row that it is in, of a message or a notice. */
function rowOf(target) {
  const row = target instanceof Element ? target.closest(NUMBERED) : null;
  return row instanceof HTMLElement ? row : null;
}

/** @param {ShownItem | ShownMessage} item @returns {Target} One without an id is acted on once it has one. */
function targetOf(item) {
  return "id" in item ? (item.id ?? item.key) : item.ref;
}

/** @param {KeyboardEvent} event @returns {string} The Latin letter on that key, also with a Russian keyboard. */
function letterOf({ key, code, shiftKey }) {
  if (shiftKey) return "";
  return /^[a-z]$/.test(key) ? key : (/^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? "");
}

/** Let the browser select in a row, where a long press opens the menu else. @param {HTMLElement} row */
function select(row) {
  row.classList.add("selectable");
  const body = row.querySelector(".message-text, .notice-text") ?? byClass(row, "notice-summary");
  document.getSelection()?.selectAllChildren(body);
}
