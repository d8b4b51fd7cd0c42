import { report } from "./report.js";

/**
 * A minimal typed event emitter. A listener that fails does not stop the others.
 * @template [T=void]
 */
export class Signal {
  /** @type {((value: T) => void)[]} */
  #listeners = [];

  /** @param {(value: T) => void} listener */
  on(listener) {
    this.#listeners.push(listener);
  }

  /** @param {T} value */
  emit(value) {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        report(error);
      }
    }
  }
}
