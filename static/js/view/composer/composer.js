import { byId, textWithBdi } from "../../lib/dom.js";
import { report } from "../../lib/report.js";
import { Signal } from "../../lib/signal.js";
import { clean, isBlank, lengthOf } from "../../lib/text.js";
import { isCommand } from "../../model/commands.js";
import { needsEmojis, parseShortForm } from "../../model/short_forms.js";

/** @typedef {import("../../lib/emojis.js").Emojis} Emojis */
/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/commands.js").Commands} Commands */
/** @typedef {import("../../model/commands.js").UsageError} UsageError */
/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("../../model/acts.js").ShownItem} ShownItem */
/** @typedef {import("../../model/acts.js").ShownMessage} ShownMessage */
/** @typedef {import("../../model/drafts.js").Drafts} Drafts */
/** @typedef {import("../../model/outbox.js").OutgoingAct} OutgoingAct */
/** @typedef {import("../toast.js").Toast} Toast */
/** @typedef {import("./command_panel.js").CommandPanel} CommandPanel */
/** @typedef {import("./command_runner.js").CommandRunner} CommandRunner */
/** @typedef {import("./composer_field.js").ComposerField} ComposerField */
/** @typedef {import("./composer_task.js").ComposerTask} ComposerTask */
/** @typedef {import("./mention_panel.js").MentionPanel} MentionPanel */

/** A longer draft is cut when it is stored: so many times the limit of a text. */
const DRAFT_TEXTS = 4;
/** The remaining characters are shown when there are no more than this. */
const COUNT_BELOW = 200;
/** Characters of a message that is answered; what is in view of them is fewer. */
const MAX_EXCERPT = 200;
/** Characters of a wrong word that are quoted. */
const MAX_QUOTED = 40;

/**
 * The form for new messages, answers, commands, and new texts of one's messages. Messages can be written without a
 * connection too: they then wait in the outbox. What may be a command, and hold a password, is neither stored nor
 * announced as typing.
 */
export class Composer {
  /** A message was sent. @type {Signal} */
  sent = new Signal();

  #form = byId("form", "composer");
  #text = byId("textarea", "composer-text");
  #count = byId("output", "composer-count");
  #send = byId("button", "send-button");
  #room;
  #drafts;
  #i18n;
  #field;
  #commands;
  #panel;
  #runner;
  #task;
  #mentions;
  #emojis;
  /** What was written before a message is edited. */
  #draft = "";
  /** The identity that writes here; null outside the room. @type {string | null} */
  #owner = null;

  /**
   * @param {Room} room
   * @param {Drafts} drafts
   * @param {I18n} i18n
   * @param {{field: ComposerField, commands: Commands, panel: CommandPanel, runner: CommandRunner,
   *   task: ComposerTask, mentions: MentionPanel, emojis: Emojis, toast: Toast}} parts
   */
  constructor(room, drafts, i18n, { field, commands, panel, runner, task, mentions, emojis, toast }) {
    this.#room = room;
    this.#drafts = drafts;
    this.#i18n = i18n;
    this.#field = field;
    this.#commands = commands;
    this.#panel = panel;
    this.#runner = runner;
    this.#task = task;
    this.#mentions = mentions;
    this.#emojis = emojis;
    this.#text.addEventListener("input", () => {
      this.#storeDraft();
      this.#refresh();
      if (!isBlank(this.#text.value) && !this.#isCommand) room.sender.notifyTyping();
    });
    panel.chosen.on(draft => this.#replace(draft));
    mentions.chosen.on(() => {
      this.#storeDraft();
      this.#refresh();
    });
    task.cancelled.on(({ kind }) => {
      if (kind === "edit") this.#replace(this.#draft);
      this.#text.focus({ preventScroll: true });
    });
    task.changed.on(() => this.#storeTask());
    task.lost.on(reason => {
      const { value } = this.#text;
      task.end();
      this.#text.value = this.#draft;
      this.#giveBack(value);
      toast.show(i18n.t("act.edit.failed", { reason }));
    });
    this.#text.addEventListener("keydown", event => this.#editLast(event));
    field.submitted.on(() => this.#form.requestSubmit());
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#submit();
    });
    // A phone's keyboard stays open if the button does not take the focus.
    this.#send.addEventListener("pointerdown", event => event.preventDefault());
    room.changed.on(() => task.follow(room));
    room.entered.on(() => this.#showDraft());
    room.left.on(() => this.#leave());
    room.refused.on(({ code }) => {
      if (code === "banned") this.#leave();
    });
    room.acts.failed.on(act => {
      if (!this.#text.value && !task.current) this.takeBack(act);
    });
    if (room.session.name) this.#showDraft();
  }

  /** Focus the field, except on a phone, where the keyboard would cover the messages. */
  focus() {
    this.#refresh();
    if (matchMedia("(hover: hover)").matches) this.#text.focus({ preventScroll: true });
  }

  /** Begin to speak to somebody, at the cursor. @param {string} name */
  mention(name) {
    const { value, selectionStart, selectionEnd } = this.#text;
    const space = /\S$/.test(value.slice(0, selectionStart)) ? " " : "";
    this.#text.focus({ preventScroll: true });
    const words = this.#room.acts.can("mention") ? `@${clean(name)} ` : `${clean(name)}, `;
    this.#text.setRangeText(`${space}${words}`, selectionStart, selectionEnd, "end");
    this.#storeDraft();
    this.#refresh();
  }

  /** Answer a message with what is written, or will be. @param {ShownItem} item */
  reply({ id, name, text }) {
    if (id === null) return;
    if (this.#task.current?.kind === "edit") this.#task.cancel();
    const { epoch } = this.#room.acts;
    this.#task.begin({ kind: "reply", epoch, id, name, excerpt: text.slice(0, MAX_EXCERPT) });
    this.#text.focus({ preventScroll: true });
  }

  /**
   * Write on with the text of an edit that has failed and cannot be tried again.
   * @param {OutgoingAct | undefined} act
   */
  takeBack(act) {
    if (act?.type !== "edit" || this.#room.acts.canRetry(act)) return;
    this.#giveBack(act.text ?? "");
    this.#room.discard(act.ref);
  }

  /** Add a text to what is written: nobody is to lose it. @param {string} text */
  #giveBack(text) {
    const add = (/** @type {string} */ draft) => [draft, text].filter(Boolean).join("\n");
    if (this.#task.current?.kind === "edit") {
      this.#draft = add(this.#draft);
      if (this.#owner !== null && !isCommand(this.#draft)) this.#drafts.write(this.#owner, this.#draft);
    } else {
      this.#text.value = add(this.#text.value);
      this.#storeDraft();
      this.#refresh();
    }
  }

  /** Change the text of one's own message. The draft comes back afterwards. @param {ShownItem | ShownMessage} message */
  edit(message) {
    const target = "ref" in message ? message.ref : message.id;
    if (target === null) return;
    if (this.#task.current?.kind !== "edit") this.#draft = this.#text.value;
    this.#task.begin({ kind: "edit", epoch: this.#room.acts.epoch, target });
    this.#replace(message.text);
  }

  /** @param {KeyboardEvent} event  ArrowUp in the empty field edits one's last message. */
  #editLast(event) {
    const { key, shiftKey, ctrlKey, metaKey, altKey, isComposing, defaultPrevented } = event;
    if (key !== "ArrowUp" || shiftKey || ctrlKey || metaKey || altKey || isComposing || defaultPrevented)
      return;
    if (this.#text.value || this.#task.current) return;
    const message = this.#room.acts.lastOwn();
    if (!message) return;
    event.preventDefault();
    this.edit(message);
  }

  #submit() {
    const text = this.#text.value.trimEnd();
    if (isBlank(text) || !this.#fits(text)) return;
    this.#text.focus();
    const task = this.#task.current;
    if (task?.kind === "edit") {
      this.#room.acts.edit(task.target, text, task.epoch);
      this.#task.cancel();
      return;
    }
    const isPasted = this.#field.pasted;
    const command = text.trimStart();
    if (this.#isCommand && !(isPasted && this.#isUnknown(command))) this.#tryCommand(command, isPasted);
    else if (text.startsWith("//") && !isPasted) this.#say(text.slice(1));
    else if (isPasted || task) this.#say(text);
    else this.#sayOrAct(text);
  }

  /**
   * Say it, unless it is a short form: then do what it stands for.
   * @param {string} text
   */
  async #sayOrAct(text) {
    const owner = this.#owner;
    this.#replace("");
    if (needsEmojis(text)) await this.#emojis.load().catch(report); // without them it is said
    if (this.#owner !== owner) return;
    const form = parseShortForm(text, typed => this.#emojis.find(typed));
    if (typeof form === "string" || !this.#runner.canRun(form)) {
      this.#room.say(typeof form === "string" ? form : text);
      this.sent.emit();
      return;
    }
    const problem = await this.#runner.run(form);
    if (problem) this.#panel.refuse([problem]);
  }

  /** Whether the draft may be one. White space before the slash is typed on purpose, but copied by accident. */
  get #isCommand() {
    const { value } = this.#text;
    return this.#task.current?.kind !== "edit" && isCommand(this.#field.pasted ? value.trimStart() : value);
  }

  /** @param {string} text */
  #say(text) {
    const task = this.#task.current;
    const { id = 0, name, excerpt, epoch = "" } = task?.kind === "reply" && !task.gone ? task : {};
    this.#room.say(text, id ? { reply: { id, name, excerpt, epoch } } : {});
    this.#task.end();
    this.#replace("");
    this.sent.emit();
  }

  /** @param {string} draft */
  #isUnknown(draft) {
    const parsed = this.#commands.parse(clean(draft));
    return "error" in parsed && parsed.error === "unknown_command";
  }

  /**
   * Do what is typed, if it is right.
   * @param {string} draft
   * @param {boolean} isPasted  What is pasted is not done unasked, and not said: it may hold a password.
   */
  async #tryCommand(draft, isPasted) {
    const command = this.#commands.parse(clean(draft));
    if ("error" in command) {
      this.#refuse(draft, command);
    } else if (isPasted) {
      const run = { label: this.#i18n.t("command.run"), run: () => this.#tryCommand(draft, false) };
      this.#panel.refuse([this.#i18n.t("command.pasted")], run, this.#offerToSay(draft));
    } else if (command.name === "help") {
      this.#replace("");
      this.#panel.showAll();
    } else {
      const owner = this.#owner;
      this.#replace("");
      const problem = await this.#runner.run(command);
      if (!problem || this.#owner !== owner) return;
      if (!this.#text.value) this.#replace(draft);
      this.#panel.refuse([problem]);
    }
  }

  /**
   * @param {string} draft
   * @param {UsageError} mistake
   */
  #refuse(draft, { error, typed }) {
    const known = this.#commands.get(typed);
    const quoted = typed.length > MAX_QUOTED ? `${typed.slice(0, MAX_QUOTED)}…` : typed;
    if (error === "elsewhere") {
      this.#panel.refuse([this.#i18n.t(`command.elsewhere.${typed}`)]);
    } else if (error === "misuse" && known) {
      const usage = this.#panel.describe(known);
      this.#panel.refuse(textWithBdi(this.#i18n, "command.misuse", { usage: [usage] }));
    } else if (error === "bad_time") {
      this.#panel.refuse(textWithBdi(this.#i18n, "command.bad_time", { typed: quoted }));
    } else {
      const reason = textWithBdi(this.#i18n, "command.unknown", { typed: quoted });
      const meant = this.#commands.nearest(typed, this.#panel.usable);
      this.#panel.refuse(reason, meant ? this.#offer(draft, meant.name) : this.#offerToSay(draft));
    }
  }

  /**
   * @param {string} draft  Whose first word is no command.
   * @param {string} name   Of the one that was probably meant.
   */
  #offer(draft, name) {
    const label = this.#i18n.t("command.suggestion", { command: `/${name}` });
    return { label, run: () => this.#replace(draft.replace(/^\/\s*\S*/u, `/${name}`)) };
  }

  /** @param {string} draft */
  #offerToSay(draft) {
    return { label: this.#i18n.t("command.say"), run: () => this.#say(draft) };
  }

  /**
   * Put this in place of the draft.
   * @param {string} draft
   */
  #replace(draft) {
    this.#text.value = draft;
    this.#field.pasted = false;
    this.#text.focus({ preventScroll: true });
    this.#storeDraft();
    this.#refresh();
  }

  /** Show the draft of who has come into the room. What the same person is writing stays. */
  async #showDraft() {
    const { id } = this.#room.session;
    if (id !== this.#owner) {
      this.#clear();
      this.#owner = id;
      this.#draft = this.#text.value = this.#drafts.read(id);
      const { task, typed } = this.#drafts.readTask(id) ?? { task: null, typed: "" };
      if (task?.kind === "edit") this.#text.value = typed;
      if (task) this.#task.begin(task);
      this.#task.follow(this.#room);
      this.#refresh();
      const left = await this.#drafts.takeUp(id, () => this.#owner === id && !this.#text.value);
      if (left) this.#text.value = left;
    }
    this.#task.follow(this.#room);
    this.#refresh();
  }

  #leave() {
    this.#clear();
    this.#drafts.writeTask("", null, "");
  }

  #clear() {
    this.#owner = null;
    this.#draft = "";
    this.#task.end();
    this.#mentions.close();
    this.#field.clear();
    this.#panel.update("");
  }

  #storeDraft() {
    if (this.#owner === null) return;
    if (this.#task.current?.kind === "edit") this.#storeTask();
    else this.#drafts.write(this.#owner, this.#isCommand ? "" : this.#kept);
  }

  #storeTask() {
    const task = this.#task.current;
    if (this.#owner !== null)
      this.#drafts.writeTask(this.#owner, task, task?.kind === "edit" ? this.#kept : "");
  }

  /** @returns {string} What is written, as much of it as is kept. */
  get #kept() {
    const draft = this.#text.value.slice(0, DRAFT_TEXTS * this.#room.limits.text);
    return draft.replace(/[\ud800-\udbff]$/, ""); // half a character
  }

  #refresh() {
    const text = this.#text.value.trimEnd();
    this.#field.resize();
    this.#panel.update(this.#task.current?.kind === "edit" ? "" : this.#text.value);
    this.#mentions.update();
    this.#text.spellcheck = !this.#isCommand; // some browsers send texts away to have them checked
    const left = this.#room.limits.text - lengthOf(text);
    const over = left < 0 || !this.#fits(text);
    this.#count.hidden = left > COUNT_BELOW && !over;
    if (left < 0) this.#count.value = this.#i18n.t("composer.over", { count: -left });
    else this.#count.value = this.#i18n.t(over ? "composer.too_big" : "composer.left", { count: left });
    this.#count.classList.toggle("over", over);
    this.#send.disabled = isBlank(text) || !this.#fits(text);
  }

  /** @param {string} text */
  #fits(text) {
    const { text: limit, line } = this.#room.limits;
    return lengthOf(text) <= limit && new TextEncoder().encode(JSON.stringify(text)).length < line - 200;
  }
}
