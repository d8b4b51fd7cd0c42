import { ActiveOption } from "../../lib/active_option.js";
import { byId, make } from "../../lib/dom.js";
import { Signal } from "../../lib/signal.js";
import { isCommand } from "../../model/commands.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/commands.js").Command} Command */
/** @typedef {import("../../model/commands.js").Commands} Commands */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {{label: string, run: () => void}} Choice */

/** What is being typed of a command: its word, or, behind that, its arguments. */
const DRAFT = /^\/(\S*)(\s)?/u;

/**
 * The card above the composer while a command is typed: the commands that begin so, then how this one is
 * written, and why it was not done. The list is chosen from with the arrow keys, Tab and Enter.
 */
export class CommandPanel {
  /** A command was chosen from the list; it is to replace the draft. @type {Signal<string>} */
  chosen = new Signal();

  #view = byId("div", "room");
  #card = byId("div", "commands");
  #list = byId("ul", "command-list");
  #hint = byId("p", "command-hint");
  #times = byId("span", "command-times");
  #usage = byId("p", "command-usage");
  #problem = byId("div", "command-problem");
  #text = byId("textarea", "composer-text");
  #commands;
  #room;
  #i18n;
  #active = new ActiveOption(this.#text, this.#list);
  /** The draft it was updated for. */
  #draft = "";
  /** Whether Escape has closed it for the present command. */
  #closed = false;

  /**
   * @param {Commands} commands
   * @param {Room} room
   * @param {I18n} i18n
   */
  constructor(commands, room, i18n) {
    this.#commands = commands;
    this.#room = room;
    this.#i18n = i18n;
    // Before the field sends with Enter.
    byId("form", "composer").addEventListener("keydown", event => this.#onKey(event), { capture: true });
    this.#card.addEventListener("pointerdown", event => event.preventDefault()); // the field keeps the focus
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element && target.closest("li");
      if (option) this.#choose(option);
    });
  }

  /** @returns {Command[]} Those that this person can use here. */
  get usable() {
    const { acts, moderation, search } = this.#room;
    return this.#commands.list.filter(({ name, moderatorsOnly, needs }) => {
      if (needs) return acts.can(needs) || (name === "delete" && moderation.moderator);
      if (name === "moderator") return moderation.available && !moderation.moderator;
      return (!moderatorsOnly || moderation.moderator) && (name !== "search" || search.available);
    });
  }

  /**
   * Show what helps to write this draft, if it has changed.
   * @param {string} draft
   */
  update(draft) {
    if (draft === this.#draft) return;
    this.#draft = draft;
    const [, word = "", space] = (isCommand(draft) && DRAFT.exec(draft)) || [];
    this.#closed &&= isCommand(draft);
    const isOpen = isCommand(draft) && !this.#closed;
    const found = this.usable.filter(({ name }) => name.startsWith(word.toLowerCase()));
    const typed = space && isOpen ? this.#commands.get(word.toLowerCase()) : undefined;
    this.#show(isOpen && !space ? found : [], typed?.onPage ? typed : undefined);
    this.#hint.hidden = word !== "" || !isOpen;
  }

  /** Show all commands. */
  showAll() {
    this.#show(this.usable);
    this.#hint.hidden = false;
  }

  /**
   * Say why a command was not done.
   * @param {(Node | string)[]} reason
   * @param {Choice[]} choices
   */
  refuse(reason, ...choices) {
    this.#show([]);
    this.#hint.hidden = true;
    this.#problem.hidden = false;
    this.#setOpen(true);
    const buttons = choices.map(({ label, run }) => {
      const button = make("button", "", label);
      button.type = "button";
      button.addEventListener("click", run);
      return button;
    });
    this.#problem.replaceChildren(make("span", "", ...reason), ...buttons);
  }

  /**
   * @param {Command} command
   * @returns {HTMLElement} How it is written, in the user's language.
   */
  describe({ name, argument }) {
    const words = argument.replace(/[a-z]+/gi, word => {
      const key = `command.word.${word}`;
      return this.#i18n.has(key) ? this.#i18n.t(key) : word;
    });
    return make("span", "command", make("b", "", `/${name}`), ...(words ? [" ", words] : []));
  }

  /**
   * @param {Command[]} found
   * @param {Command} [typed]  The one whose arguments are being typed.
   */
  #show(found, typed) {
    this.#active.set(null);
    this.#times.hidden = !this.#room.moderation.moderator;
    this.#list.replaceChildren(...found.map(command => this.#makeOption(command)));
    this.#list.hidden = found.length === 0;
    this.#usage.replaceChildren(...(typed ? this.#explain(typed) : []));
    this.#usage.hidden = !typed;
    this.#problem.hidden = true;
    this.#problem.replaceChildren();
    this.#setOpen(!this.#list.hidden || !this.#usage.hidden);
    this.#list.scrollTop = 0;
  }

  /** @param {boolean} open */
  #setOpen(open) {
    this.#card.hidden = !open;
    this.#view.classList.toggle("commanding", open);
  }

  /** @param {Command} command */
  #makeOption(command) {
    const option = make("li", "", ...this.#explain(command));
    option.id = `command-${command.name}`;
    option.role = "option";
    option.ariaSelected = "false";
    option.dataset.name = command.name;
    return option;
  }

  /** @param {Command} command */
  #explain(command) {
    const about = make("span", "command-about", this.#i18n.t(`command.${command.name}`));
    return [this.describe(command), " ", about];
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#card.hidden || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} Whether the key was for the list.
   */
  #act({ key, shiftKey }) {
    if (key === "Escape") {
      this.#closed = isCommand(this.#text.value);
      this.#show([]);
      this.#text.focus();
      return true;
    }
    const options = [...this.#list.children];
    if (options.length === 0 || shiftKey) return false;
    const at = this.#active.element ? options.indexOf(this.#active.element) : -1;
    if (key === "ArrowDown") this.#active.set(options[(at + 1) % options.length]);
    else if (key === "ArrowUp") this.#active.set(options.at(at < 0 ? -1 : at - 1));
    else if (key === "Tab" && options[0]?.id !== `command-${this.#draft.slice(1)}`)
      this.#choose(this.#active.element ?? options[0]);
    else if (key === "Enter" && this.#active.element) this.#choose(this.#active.element);
    else return false;
    return true;
  }

  /** @param {Element | null | undefined} option */
  #choose(option) {
    if (!(option instanceof HTMLElement)) return;
    const { name = "" } = option.dataset;
    this.chosen.emit(this.#commands.get(name)?.argument ? `/${name} ` : `/${name}`);
  }
}
