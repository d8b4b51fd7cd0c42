import { byId, make, weave } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { explain, sentenceOf } from "./action_dialog.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/moderation.js").Moderation} Moderation */
/** @typedef {import("../../model/protocol.js").BanEntry} BanEntry */
/** @typedef {import("../../model/protocol.js").Deed} Deed */

/** Who is kept out: to look at, to let in again, and to add to. */
export class BansDialog {
  #dialog = byId("dialog", "bans");
  #status = byId("p", "bans-status");
  #list = byId("ul", "bans-list");
  #form = byId("form", "bans-form");
  #error = byId("p", "bans-error");
  #moderation;
  #words;

  /**
   * @param {Moderation} moderation
   * @param {Words} words
   */
  constructor(moderation, words) {
    this.#moderation = moderation;
    this.#words = words;
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
    this.#status.textContent = this.#words.say("bans.asking");
    this.#dialog.showModal();
    await this.#refresh();
  }

  close() {
    this.#dialog.close();
    this.#form.reset();
  }

  async #refresh() {
    const answer = await this.#moderation.bans();
    if (answer.type === "error") this.#status.textContent = explain(this.#words, answer);
    if (answer.type !== "bans") return;
    const bans = answer.bans ?? [];
    this.#status.textContent = bans.length ? "" : this.#words.say("bans.none");
    this.#list.replaceChildren(...bans.map(ban => this.#item(ban)));
  }

  /** @param {FormData} data */
  async #add(data) {
    const target = String(data.get("target")).trim();
    if (!target) this.#error.textContent = this.#words.say("error.bad_target");
    else if (await this.#do({ act: "ban", target, ...sentenceOf(data) })) this.#form.reset();
  }

  /**
   * @param {Deed} deed
   * @returns {Promise<boolean>} Whether it was done.
   */
  async #do(deed) {
    const answer = await this.#moderation.moderate(deed);
    const done = answer.type !== "error";
    this.#error.textContent = done ? "" : explain(this.#words, answer);
    if (done) await this.#refresh();
    return done;
  }

  /** @param {BanEntry} ban */
  #item({ target, at, until, by, text = "" }) {
    const values = { by: clean(by), until: until === null ? "" : this.#words.when(new Date(until)) };
    const key = until === null ? "bans.for_good" : "bans.until";
    const span = make("span", "ban-span", ...weave(this.#words, key, values));
    span.title = this.#words.say("bans.since", { moment: this.#words.moment(new Date(at)) });
    const button = make("button", "sheet-act", this.#words.say("bans.unban"));
    button.ariaLabel = this.#words.say("bans.unban.label", { target: clean(target) });
    button.addEventListener("click", async () => {
      button.disabled = true;
      // The button is gone with its line; whoever goes on with the keyboard does so here.
      if (await this.#do({ act: "unban", target })) this.#list.focus();
      button.disabled = false;
    });
    const about = make("div", "ban", make("bdi", "ban-target", clean(target)), span);
    if (text) about.append(make("bdi", "ban-reason", clean(text)));
    return make("li", "", about, button);
  }
}
