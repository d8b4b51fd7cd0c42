import { byId, make, textWithBdi } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { explain, sanctionOf } from "./forms.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/moderation.js").Moderation} Moderation */
/** @typedef {import("../../model/protocol.js").BanEntry} BanEntry */
/** @typedef {import("../../model/protocol.js").ModerationFields} ModerationFields */

/** The list of bans, where a moderator also lifts and adds them. */
export class BansDialog {
  #dialog = byId("dialog", "bans");
  #status = byId("p", "bans-status");
  #list = byId("ul", "bans-list");
  #form = byId("form", "bans-form");
  #error = byId("p", "bans-error");
  #moderation;
  #i18n;

  /**
   * @param {Moderation} moderation
   * @param {I18n} i18n
   */
  constructor(moderation, i18n) {
    this.#moderation = moderation;
    this.#i18n = i18n;
    byId("button", "bans-close").addEventListener("click", () => this.close());
    this.#form.addEventListener("input", () => (this.#error.textContent = ""));
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      this.#add(new FormData(this.#form));
    });
  }

  async open() {
    this.#list.replaceChildren();
    this.#error.textContent = "";
    this.#status.textContent = this.#i18n.t("bans.asking");
    this.#dialog.showModal();
    await this.#refresh();
  }

  close() {
    this.#dialog.close();
    this.#form.reset();
  }

  async #refresh() {
    const answer = await this.#moderation.bans();
    if (answer.type === "error") this.#status.textContent = explain(this.#i18n, answer);
    if (answer.type !== "bans") return;
    const bans = answer.bans ?? [];
    const note = answer.more ? "bans.more" : "bans.none";
    this.#status.textContent = answer.more || !bans.length ? this.#i18n.t(note) : "";
    this.#list.replaceChildren(...bans.map(ban => this.#item(ban)));
  }

  /** @param {FormData} data */
  async #add(data) {
    const target = String(data.get("target")).trim();
    if (!target) this.#error.textContent = this.#i18n.t("error.bad_target");
    else if (await this.#moderate({ act: "ban", target, ...sanctionOf(data) })) this.#form.reset();
  }

  /**
   * @param {ModerationFields} fields
   * @returns {Promise<boolean>} Whether it succeeded.
   */
  async #moderate(fields) {
    const answer = await this.#moderation.moderate(fields);
    const done = answer.type !== "error";
    this.#error.textContent = done ? "" : explain(this.#i18n, answer);
    if (done) await this.#refresh();
    return done;
  }

  /** @param {BanEntry} ban */
  #item({ target, at, until, by, text = "" }) {
    const values = { by: clean(by), until: until === null ? "" : this.#i18n.when(new Date(until)) };
    const key = until === null ? "bans.permanent" : "bans.until";
    const span = make("span", "ban-until", ...textWithBdi(this.#i18n, key, values));
    span.title = this.#i18n.t("bans.since", { datetime: this.#i18n.dateTime(new Date(at)) });
    const button = make("button", "dialog-action", this.#i18n.t("bans.unban"));
    button.ariaLabel = this.#i18n.t("bans.unban.label", { target: clean(target) });
    button.addEventListener("click", async () => {
      button.disabled = true;
      // The button is removed with its line, and a keyboard user would lose the focus.
      if (await this.#moderate({ act: "unban", target })) this.#list.focus();
      button.disabled = false;
    });
    const about = make("div", "ban", make("bdi", "ban-target", clean(target)), span);
    if (text) about.append(make("bdi", "ban-reason", clean(text)));
    return make("li", "", about, button);
  }
}
