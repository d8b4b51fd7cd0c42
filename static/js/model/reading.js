/** @typedef {import("./room.js").Room} Room */

/** Keeps up to where all was read in the store, for all tabs, and follows what they store. */
export class Reading {
  #room;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
    room.unread.changed.on(() => this.#store());
  }

  /** Another tab may have read further than this one, or want something to be unread again. */
  follow() {
    const { session, timeline, unread } = this.#room;
    session.followRead();
    const { read } = session;
    if (read?.epoch !== timeline.epoch) return;
    if (read.id < unread.lastRead) this.#rewind(read.id + 1);
    else unread.readElsewhere(read.id);
  }

  /** Everything from a message on is to be unread again. @param {number} id */
  markUnread(id) {
    const { session, timeline } = this.#room;
    session.markUnread({ epoch: timeline.epoch, id: id - 1 });
    this.#rewind(id);
  }

  /** @param {number} id */
  #rewind(id) {
    const { timeline, unread } = this.#room;
    unread.markFrom(id, timeline.messagesFrom(id));
  }

  #store() {
    const { session, timeline, unread } = this.#room;
    if (unread.lastRead > 0) session.markRead({ epoch: timeline.epoch, id: unread.lastRead });
  }
}
