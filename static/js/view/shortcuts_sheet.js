import { Sheet } from "./sheet.js";

/** The list of the keys; "?" opens it, except in a text field. */
export class ShortcutsSheet extends Sheet {
  constructor() {
    super("shortcuts");
    document.addEventListener("keydown", event => {
      const { key, target, ctrlKey, metaKey, altKey, isComposing } = event;
      if (key !== "?" || ctrlKey || metaKey || altKey || isComposing) return;
      if (!(target instanceof Element) || target.closest("input, textarea, select, dialog")) return;
      if (document.querySelector("#room[hidden]")) return;
      event.preventDefault();
      this.open();
    });
  }
}
