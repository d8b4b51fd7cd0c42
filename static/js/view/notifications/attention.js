/** Whether the reader looks at this tab, or at another one of the same room in this browser. */
export class Attention {
  /** Of a lock that the tab holds which is looked at. */
  #name;
  #release = () => {};

  /** @param {string} room  What names the room in this browser. */
  constructor(room) {
    this.#name = `${room} looked at`;
    for (const type of ["focus", "blur"]) window.addEventListener(type, () => this.#update());
    document.addEventListener("visibilitychange", () => this.#update());
    this.#update();
  }

  get isHere() {
    return !document.hidden && document.hasFocus();
  }

  /** @returns {Promise<boolean>} Whether it is at any of them. */
  async isAnywhere() {
    if (this.isHere) return true;
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === this.#name);
  }

  #update() {
    this.#release();
    if (!this.isHere) return;
    const looked = new Promise(resolve => {
      this.#release = () => resolve(null);
    });
    navigator.locks.request(this.#name, { mode: "shared" }, () => looked);
  }
}
