/** @typedef {import("../lib/signal.js").Signal} Signal */

/**
 * @typedef {object} Panel
 * @property {boolean} isOpen
 * @property {() => void} open
 * @property {() => void} close
 * @property {Signal} toggled
 * @property {() => boolean} [closeInner]  Closes what is open in it; returns whether anything was.
 */

/**
 * Lets the browser's Back button close an open panel first, and come back to it from a message found there:
 * an open panel has an entry in the browser's history.
 */
export class PanelHistory {
  /** By name. @type {Record<string, Panel>} */
  #panels = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Whether we go back ourselves, which the browser does only a moment later. */
  #leaving = false;

  /** @param {Record<string, Panel>} panels  By name. */
  constructor(panels) {
    this.add(panels);
    window.addEventListener("popstate", () => this.#follow());
    this.#schedule(); // a reload keeps the entry, but not the panel
  }

  /** @param {Record<string, Panel>} panels  By name. */
  add(panels) {
    Object.assign(this.#panels, panels);
    for (const panel of Object.values(panels)) panel.toggled.on(() => this.#schedule());
  }

  /** @returns {string | undefined} The panel of the present entry: "" for the entry below, none for all others. */
  get #entry() {
    return history.state?.panel;
  }

  /** One panel may close because another one opens: look at them afterwards. */
  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#update(), 0);
  }

  #update() {
    if (this.#leaving) return;
    const [name = ""] = Object.entries(this.#panels).find(([, panel]) => panel.isOpen) ?? [];
    const entry = this.#entry ?? "";
    if (name === entry) return;
    if (!name) {
      this.#leaving = true;
      history.back();
      return;
    }
    history.replaceState({ panel: entry && name }, "");
    if (!entry) history.pushState({ panel: name }, "");
  }

  /** The user has gone back or forward, or to a message, whose entry is none of ours: then all stays as it is. */
  #follow() {
    if (this.#leaving) {
      this.#leaving = false;
      this.#schedule(); // a panel may have been opened meanwhile
      return;
    }
    if (this.#entry === undefined) return;
    const left = Object.entries(this.#panels).find(([name, panel]) => panel.isOpen && name !== this.#entry);
    if (left?.[1].closeInner?.()) {
      this.#leaving = true;
      history.forward(); // the panel itself stays, with its entry
      return;
    }
    for (const [name, panel] of Object.entries(this.#panels)) {
      if (panel.isOpen && name !== this.#entry) panel.close();
      else if (!panel.isOpen && name === this.#entry) panel.open();
    }
  }
}
