import { byId, make, weave } from "../../lib/dom.js";
import { clean } from "../../lib/text.js";
import { explain } from "./action_dialog.js";

/** @typedef {import("../../lib/i18n.js").Words} Words */
/** @typedef {import("../../model/moderation.js").Moderation} Moderation */

/** From which addresses somebody is here. */
export class WhoisDialog {
  #dialog = byId("dialog", "whois");
  #title = byId("h2", "whois-title");
  #status = byId("p", "whois-status");
  #list = byId("ul", "whois-list");
  #moderation;
  #words;
  #ban;

  /**
   * @param {Moderation} moderation
   * @param {Words} words
   * @param {(address: string) => void} ban  Called when an address is to be kept out.
   */
  constructor(moderation, words, ban) {
    this.#moderation = moderation;
    this.#words = words;
    this.#ban = ban;
    byId("button", "whois-close").addEventListener("click", () => this.close());
  }

  /** @param {string} name */
  async open(name) {
    this.#title.replaceChildren(...weave(this.#words, "whois.title", { name: clean(name) }));
    this.#status.textContent = this.#words.say("whois.asking");
    this.#list.replaceChildren();
    this.#dialog.showModal();
    const answer = await this.#moderation.whois(name);
    if (answer.type === "error") this.#status.textContent = explain(this.#words, answer);
    if (answer.type !== "whois" || answer.name !== name) return;
    const addresses = answer.addresses ?? [];
    this.#status.textContent = addresses.length ? "" : this.#words.say("whois.none");
    this.#list.replaceChildren(...addresses.map(address => this.#item(address)));
  }

  close() {
    this.#dialog.close();
  }

  /** @param {string} address */
  #item(address) {
    const button = make("button", "sheet-act", this.#words.say("whois.ban"));
    button.addEventListener("click", () => {
      this.close();
      this.#ban(address);
    });
    return make("li", "", make("bdi", "address", clean(address)), button);
  }
}
