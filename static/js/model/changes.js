import { ownOf, quoteOf } from "./message_state.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./room.js").Room} Room */

/** Brings all that shows a message up to date when somebody's act has changed it. */
export class Changes {
  #room;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
  }

  /** @param {import("./protocol.js").Changed} event */
  onChanged({ id, message, mine }) {
    this.#change(message, id, mine);
    this.#room.timeline.see(id);
  }

  /**
   * @param {Message[]} messages  Changed while we were away, as they are now; they say what the reader's own is.
   * @param {number} last         Up to which id of the log they are so.
   */
  onJoined(messages, last) {
    for (const message of messages) this.#change(message, last, ownOf(message.reactions ?? []));
  }

  /** Delete what a moderator has deleted; older servers say that in no other way. @param {Message[]} messages */
  onNotices(messages) {
    for (const { notice } of messages) {
      if (notice?.act !== "delete" || !notice.id) continue;
      this.#room.timeline.markDeleted(notice.id);
      this.#room.search.remove(notice.id);
      this.#room.unread.remove(notice.id);
    }
  }

  /**
   * @param {Message} message
   * @param {number} act      Up to which id of the log it is so.
   * @param {string[]} [own]  The emojis of the reader's own reactions, if they are known.
   */
  #change(message, act, own) {
    const { timeline, search, unread, outbox, topic } = this.#room;
    timeline.change(message, act, own);
    outbox.requote(quoteOf(message));
    if (message.deleted) {
      search.remove(message.id);
      unread.remove(message.id);
      topic.onDeleted(message.id);
    } else {
      search.change(message);
    }
  }
}
