import { byId } from "../lib/dom.js";
import { clean } from "../lib/text.js";

/** The room's title, "Oneroom" without one: on the login page, in the bar, and in the browser's tab. */
export class RoomTitle {
  #headings = [byId("h1", "login-title"), byId("h1", "bar-title")];

  /** @param {import("../model/about.js").About} about */
  constructor(about) {
    about.changed.on(() => {
      document.title = clean(about.title) || "Oneroom";
      for (const heading of this.#headings) {
        heading.textContent = document.title;
        heading.dataset.size = sizeOf(document.title);
      }
    });
  }
}

/** @param {string} title @returns {"large" | "medium" | "small"} In which it fits into one line or two, on a phone too. */
function sizeOf({ length }) {
  if (length > 24) return "small";
  return length > 11 ? "medium" : "large";
}
