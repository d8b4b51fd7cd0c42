import { after } from "../lib/timer.js";
import { quoteOf } from "./message_state.js";
import { TYPING_INTERVAL } from "./protocol.js";

/** @typedef {import("./outbox.js").OutgoingAct} OutgoingAct */
/** @typedef {import("./outbox.js").OutgoingMessage} OutgoingMessage */
/** @typedef {import("./protocol.js").RoomError} RoomError */
/** @typedef {import("./room.js").Room} Room */

/**
 * What a message is besides its text: an answer, to a message by its id, or as it was in a log; or what we do.
 * @typedef {{reply?: number | (import("./protocol.js").Quote & {epoch: string}), action?: boolean}} Saying
 */

/** Sends what the reader writes, and keeps it in the outbox until the room has answered. */
export class Sender {
  #room;
  #typedAt = Number.NEGATIVE_INFINITY;

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
  }

  /**
   * @param {string} text  Neither blank nor longer than the limit.
   * @param {Saying} more
   */
  say(text, { reply, action = false } = {}) {
    const { acts, outbox, unread } = this.#room;
    const answer = typeof reply === "number" ? { id: reply, epoch: acts.epoch } : reply;
    const { epoch, ...quote } = answer ?? { id: 0, epoch: "" };
    const message = outbox.add(text, {
      ...(action && { action }),
      ...(answer && { epoch, reply: this.#quote(quote.id) ?? quote }),
    });
    unread.clearDivider();
    this.#sendAll([message]);
  }

  /** A message is being written: tell the others, but not with every letter, nor in a crowd. */
  notifyTyping() {
    const { joined, members, connection } = this.#room;
    if (!joined || members.inCrowd || performance.now() - this.#typedAt < TYPING_INTERVAL) return;
    this.#typedAt = performance.now();
    connection.send({ type: "typing" });
  }

  /** @param {string} ref  Of a message or an act that has failed. */
  retry(ref) {
    const { outbox, acts } = this.#room;
    const act = outbox.getAct(ref);
    if (act && !acts.canRetry(act)) return;
    const again = outbox.retry(ref);
    this.#sendAll(again ? [again] : []);
  }

  /** @param {string} ref  Of a message or an act that has failed. */
  discard(ref) {
    this.#room.outbox.discard(ref);
    this.#room.changed.emit();
  }

  /**
   * Send what closed tabs have left.
   * @param {(tab: string) => boolean} isClosed
   */
  takeUp(isClosed) {
    this.#sendAll(this.#room.outbox.takeUp(isClosed));
  }

  /** Another tab has changed what is stored under a key. @param {string} key */
  follow(key) {
    if (this.#room.outbox.follow(key)) this.#sendAll([]);
  }

  /** How many messages, acts and drafts leaving or another name would drop, in all tabs. */
  count() {
    const { session, outbox } = this.#room;
    const { messages, acts, drafts } = session.countUnsent();
    return {
      messages: Math.max(messages, outbox.messages.length),
      acts: Math.max(acts, outbox.acts.length),
      drafts,
    };
  }

  /** We have joined: send what waits. The room tells of the change, once it is complete. */
  onJoined() {
    this.#sendNow(this.#room.outbox.pending);
  }

  /** @param {import("./protocol.js").Ack} ack */
  onAck({ ref, id, at, mentions }) {
    const { outbox, timeline, acts, members } = this.#room;
    const message = outbox.get(ref);
    if (message) {
      const { text, action } = message;
      const reply = message.reply && (this.#quote(message.reply.id) ?? message.reply);
      const kind = action ? "action" : undefined;
      // In a gap it was said before we came back; acts may have changed it since, so it is loaded with the gap.
      if (id > timeline.newest || !timeline.gapAround(id))
        timeline.add({ id, at, name: members.self, text, reply, kind, mentions, mine: true }, ref, id);
      outbox.resolve(ref, { epoch: timeline.epoch, id });
    }
    outbox.remove(ref);
    acts.onAnswer(ref);
    timeline.see(id);
    if (outbox.isSettled) this.#room.throttle.end();
    this.#sendAll([]);
  }

  /** @param {RoomError & {ref: string}} error */
  onError({ ref, code, retry_after }) {
    const { outbox, acts, moderation, members, throttle } = this.#room;
    if (code === "too_fast" && retry_after) {
      throttle.begin(retry_after);
      after(retry_after, () => {
        acts.onAnswer(ref);
        this.#sendAll([outbox.get(ref)]);
      });
    } else {
      outbox.fail(ref, code, retry_after);
      if (code === "muted") moderation.mutes.onRefused(members.self, retry_after);
      acts.onAnswer(ref);
      this.#sendAll([]);
    }
  }

  /** @param {number} id @returns {import("./protocol.js").Quote | undefined} Of a message that is here. */
  #quote(id) {
    const item = this.#room.timeline.get(id);
    return item && quoteOf(item);
  }

  /** @param {(OutgoingMessage | OutgoingAct | undefined)[]} unsent  Messages, and acts if they can be done now. */
  #sendAll(unsent) {
    this.#sendNow(unsent);
    this.#room.changed.emit();
  }

  /** @param {(OutgoingMessage | OutgoingAct | undefined)[]} unsent */
  #sendNow(unsent) {
    for (const each of unsent) if (each && !("type" in each) && each.state === "pending") this.#send(each);
    this.#room.acts.flush();
  }

  /** @param {OutgoingMessage} message */
  #send({ ref, text, reply, action }) {
    if (!this.#room.joined) return;
    /** @type {import("./protocol.js").Say} */
    const say = { type: "say", ref, text };
    if (reply) say.reply = reply.id;
    if (action) say.kind = "action";
    this.#room.connection.send(say);
  }
}
