/** @typedef {import("./room.js").Room} Room */

/** What was read, and what of it concerns the reader: it is kept in the store, for all tabs. */
export class Reading {
  #room;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
    room.unread.changed.on(() => this.#store());
  }

  /** Another tab may have read further than this one. */
  follow() {
    const { session, timeline, unread } = this.#room;
    session.followRead();
    const { read } = session;
    if (read?.epoch === timeline.epoch) unread.readElsewhere(read.id);
  }

  #store() {
    const { session, timeline, unread } = this.#room;
    if (unread.lastRead > 0) session.markRead({ epoch: timeline.epoch, id: unread.lastRead });
  }
}
