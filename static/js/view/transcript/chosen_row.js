import { byId } from "../../lib/dom.js";
import { NUMBERED } from "./row_view.js";

/** Pixels from the end at which the reader still is there, as in transcript.js. */
const BOTTOM_MARGIN = 30;

/** Marks the row that was touched last: a finger does not hover, and the row then shows its time and number. */
export class ChosenRow {
  constructor() {
    const list = byId("ol", "messages");
    const scroller = byId("div", "transcript");
    list.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element) || target.closest("a, button")) return;
      if (document.getSelection()?.isCollapsed === false) return;
      const row = target.closest(NUMBERED);
      const chosen = list.querySelector(".chosen");
      chosen?.classList.remove("chosen");
      if (!row || row === chosen) return;
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      row.classList.add("chosen");
      row.scrollIntoView({ block: "nearest" });
      if (scrollHeight - scrollTop - clientHeight < BOTTOM_MARGIN) scroller.scrollTop = scroller.scrollHeight;
      // The transcript is to see where its rows are now.
      scroller.dispatchEvent(new Event("scroll"));
    });
  }
}
