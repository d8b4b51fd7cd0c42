import { byId, make, textWithBdi } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { explain } from "./forms.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */
/** @typedef {import("../../model/moderation.js").Moderation} Moderation */

/** The addresses from which a person is connected. */
export class WhoisDialog {
  #dialog = byId("dialog", "whois");
  #title = byId("h2", "whois-title");
  #status = byId("p", "whois-status");
  #list = byId("ul", "whois-list");
  #moderation;
  #i18n;
  #onBan;

  /**
   * @param {Moderation} moderation
   * @param {I18n} i18n
   * @param {(address: string) => void} onBan  Called when an address is to be banned.
   */
  constructor(moderation, i18n, onBan) {
    this.#moderation = moderation;
    this.#i18n = i18n;
    this.#onBan = onBan;
    byId("button", "whois-close").addEventListener("click", () => this.close());
  }

  /** @param {string} name */
  async open(name) {
    this.#title.replaceChildren(...textWithBdi(this.#i18n, "whois.title", { name: clean(name) }));
    this.#status.textContent = this.#i18n.t("whois.asking");
    this.#list.replaceChildren();
    this.#dialog.showModal();
    const answer = await this.#moderation.whois(name);
    if (answer.type === "error") this.#status.textContent = explain(this.#i18n, answer);
    if (answer.type !== "whois" || answer.name !== name) return;
    const addresses = answer.addresses ?? [];
    this.#status.textContent = addresses.length ? "" : this.#i18n.t("whois.none");
    this.#list.replaceChildren(...addresses.map(address => this.#item(address)));
  }

  close() {
    this.#dialog.close();
  }

  /** @param {string} address */
  #item(address) {
    const button = make("button", "dialog-action", this.#i18n.t("whois.ban"));
    button.addEventListener("click", () => {
      this.close();
      this.#onBan(address);
    });
    return make("li", "", make("bdi", "address", clean(address)), button);
  }
}
