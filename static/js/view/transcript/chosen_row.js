import { byId } from "../../lib/dom.js";
import { NUMBERED } from "./row_view.js";

/** Marks the row that was touched last: a finger does not hover, and the row then shows its time and number. */
export class ChosenRow {
  constructor() {
    const list = byId("ol", "messages");
    list.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element) || target.closest("a, button")) return;
      if (document.getSelection()?.isCollapsed === false) return;
      const row = target.closest(NUMBERED);
      const chosen = list.querySelector(".chosen");
      chosen?.classList.remove("chosen");
      if (!row || row === chosen) return;
      row.classList.add("chosen");
      row.scrollIntoView({ block: "nearest" });
      // The transcript is to see where its rows are now.
      byId("div", "transcript").dispatchEvent(new Event("scroll"));
    });
  }
}
