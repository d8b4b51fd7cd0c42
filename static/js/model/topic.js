import { Signal } from "../lib/signal.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").Topic} TopicFields */

/** The topic of the room, which moderators set. */
export class Topic {
  /** @type {Signal} */
  changed = new Signal();
  /** Null if there is none. @type {TopicFields | null} */
  value = null;

  /** @param {TopicFields | null} topic  What a welcome has told. */
  set(topic) {
    if (topic?.id === this.value?.id) return;
    this.value = topic;
    this.changed.emit();
  }

  /** @param {Message} message  New, and perhaps the notice that tells of another topic. */
  onMessage({ id, at, notice }) {
    if (notice?.act !== "topic") return;
    const { by, text = "" } = notice;
    this.set(text ? { id, at, by, text } : null);
  }

  /** @param {number} id  Of a message that is deleted. If it has told of the topic, that is gone too. */
  onDeleted(id) {
    if (id === this.value?.id) this.set(null);
  }
}
