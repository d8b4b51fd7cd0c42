import { Signal } from "../lib/signal.js";
import { ownOf, toggleReaction } from "./message_state.js";

/** @typedef {import("./outbox.js").ActFields} ActFields */
/** @typedef {import("./outbox.js").OutgoingAct} OutgoingAct */
/** @typedef {import("./outbox.js").OutgoingMessage} OutgoingMessage */
/** @typedef {import("./protocol.js").Reaction} Reaction */
/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./timeline.js").MessageItem} MessageItem */

/**
 * A message to act on: its id, or its `ref` while it has no id.
 * @typedef {number | string} Target
 *
 * What is shown of a message: with the reader's own acts, as if they were done.
 * @typedef {object} Shown
 * @property {(OutgoingAct & {canRetry?: boolean})[]} [acts]  Those that are pending or have failed; absent if there are none.
 * @typedef {MessageItem & Shown} ShownItem
 * @typedef {OutgoingMessage & Shown & {deleted?: boolean, reactions?: Reaction[]}} ShownMessage  Has no id yet.
 */

/** Errors after which the same act may succeed. */
const TEMPORARY = ["muted", "unavailable", "too_fast"];

/**
 * The reader's acts on messages: answer, edit, remove, react.
 *
 * Whenever `room.changed` is emitted, views draw `show(timeline.items)` and `showOutgoing(outbox.messages)`. What the
 * reader does is in them at once, and in `acts` until the room has acknowledged it: `version` of an item and
 * `ref` and `state` of its acts say whether it must be drawn anew. Once an act has failed, its effect is taken
 * back and it has a `code`: `room.retry(ref)` does it again if `canRetry`, `room.discard(ref)` forgets it. `failed`
 * says so too, as its message may be out of view or in an earlier log.
 *
 * An answer is a message: `room.say(text, {reply: id})`; and `room.say(text, {action: true})` is `/me`. Before
 * something is offered, ask `canAnswer`, `canEdit`, `canRemove`, `canReact`, and `can("action")`. Whose a message is
 * says its `mine`, and whether it calls or answers the reader `room.concerns`.
 *
 * Of a kind of act on one message one is on its way at a time; of those that wait only the last is sent. An act on
 * a message without an id waits until it has one. In another log than that in which it was made, it fails.
 */
export class Acts {
  /** An act was refused, or can no longer be done. @type {Signal<OutgoingAct>} */
  failed = new Signal();

  #room;
  /** What the room knows. @type {Set<string>} */
  #can = new Set();
  /** The `ref` of those sent on the present connection, or not to be sent yet. @type {Set<string>} */
  #sent = new Set();
  /** The `ref` of those that were never sent, so that they can be dropped. @type {Set<string>} */
  #fresh = new Set();

  /** @param {Room} room */
  constructor(room) {
    this.#room = room;
  }

  /**
   * @param {string} what  `reply`, `edit`, `delete`, `react`, `action` or `mention`.
   * @returns {boolean} Whether the room knows it.
   */
  can(what) {
    return this.#can.has(what);
  }

  /** The log in which the reader acts now; "" if the page does not know it yet. */
  get epoch() {
    return this.#room.timeline.epoch || this.#room.session.read?.epoch || "";
  }

  /** @param {ShownItem | ShownMessage} message */
  canAnswer(message) {
    return this.can("reply") && isThere(message) && "id" in message;
  }

  /** @param {ShownItem | ShownMessage} message */
  canReact(message) {
    return this.can("react") && isThere(message);
  }

  /** Whether there is time left to edit it. @param {ShownItem | ShownMessage} message */
  canEdit(message) {
    const until = Date.parse(message.at) + 1000 * (this.#room.limits.edit ?? 0);
    const isLive = "live" in message && message.live !== undefined;
    return this.can("edit") && isThere(message) && isOwn(message) && !isLive && Date.now() < until;
  }

  /** Messages of others are removed by moderators (`Moderation`). @param {ShownItem | ShownMessage} message */
  canRemove(message) {
    return this.can("delete") && isThere(message) && isOwn(message);
  }

  /** @param {OutgoingAct} act  One that has failed. */
  canRetry({ code = "", epoch }) {
    return TEMPORARY.includes(code) && epoch === this.#room.timeline.epoch;
  }

  /**
   * @param {Target} target  Also the `ref` that a message had before it had an id.
   * @returns {ShownItem | ShownMessage | undefined} It, if it is here.
   */
  find(target) {
    const { outbox, timeline } = this.#room;
    const outgoing = typeof target === "string" ? outbox.get(target) : undefined;
    if (outgoing) return this.showOutgoing([outgoing])[0];
    const item =
      typeof target === "number"
        ? timeline.get(target)
        : timeline.items.findLast(({ key }) => key === target);
    return item?.kind === "message" && item.id !== null ? this.#shown(item) : undefined;
  }

  /** @returns {ShownItem | ShownMessage | undefined} The newest message that the reader can edit. */
  lastOwn() {
    const { outbox, timeline } = this.#room;
    const outgoing = this.showOutgoing(outbox.messages).findLast(message => this.canEdit(message));
    const known = timeline.items.findLast(item => item.kind === "message" && this.canEdit(this.#shown(item)));
    return outgoing ?? (known?.kind === "message" ? this.#shown(known) : undefined);
  }

  /**
   * @param {string} [name]
   * @returns {ShownItem | undefined} The newest message of somebody else, or of this person; none of the room itself.
   */
  lastOfOthers(name = "") {
    const found = this.#room.timeline.items.findLast(
      item =>
        item.kind === "message" &&
        !(item.mine || item.notice || (name && item.name !== name)) &&
        isThere(item),
    );
    return found?.kind === "message" ? this.#shown(found) : undefined;
  }

  /**
   * @param {Target} target   A message of the reader.
   * @param {string} text     Neither blank nor longer than the limit.
   * @param {string} [epoch]  The log it is in, if that may be another one by now.
   */
  edit(target, text, epoch) {
    this.#add({ type: "edit", ...this.#place(target, epoch), text }, text);
  }

  /** @param {Target} target  A message of the reader. */
  remove(target) {
    const place = this.#place(target);
    for (const act of this.#room.outbox.acts)
      if (messageOf(act) === messageOf(place) && this.#isIdle(act)) this.#room.outbox.remove(act.ref);
    this.#add({ type: "delete", ...place }, true);
  }

  /**
   * @param {Target} target
   * @param {string} emoji
   * @param {boolean} [on]  Whether to have this reaction; else it is the opposite of what is shown.
   */
  react(target, emoji, on) {
    const place = this.#place(target);
    const act = { type: /** @type {const} */ ("react"), ...place, emoji };
    const last = this.#room.outbox.acts.findLast(
      each => slotOf(each) === slotOf(act) && each.state === "pending",
    );
    const wanted = on ?? !(last ? last.on : this.#effect(act));
    this.#add({ ...act, on: wanted }, wanted);
  }

  /**
   * @template {{kind: string}} T
   * @param {T[]} items  Of the timeline, and others, which stay as they are.
   * @returns {(T | ShownItem)[]}
   */
  show(items) {
    const acts = this.#byMessage();
    if (acts.size === 0) return items;
    return items.map(item => {
      const message = /** @type {MessageItem} */ (/** @type {unknown} */ (item));
      return item.kind === "message" ? this.#shown(message, acts) : item;
    });
  }

  /**
   * @param {OutgoingMessage[]} messages
   * @returns {ShownMessage[]}
   */
  showOutgoing(messages) {
    const acts = this.#byMessage();
    if (acts.size === 0) return messages;
    return messages.map(message => withActs(message, acts.get(message.ref), this.#room.members.self));
  }

  /**
   * We have joined: what cannot be done in this log fails.
   * @param {import("./protocol.js").Welcome} welcome
   */
  onJoined({ can, epoch, last }) {
    const { outbox } = this.#room;
    this.#can = new Set(can);
    this.#sent.clear();
    for (const { ref } of outbox.enterLog(epoch, last)) this.onAnswer(ref);
    for (const { ref, of, state } of outbox.acts)
      if (of && state === "pending" && !outbox.hasStored(of)) this.#fail(ref, "not_found");
  }

  /** Send what can be sent now. */
  flush() {
    const { outbox, timeline, connection, joined } = this.#room;
    if (!joined) return;
    const busy = new Set();
    for (const act of outbox.acts) {
      const { ref, type, id, text = "", emoji = "", on = true } = act;
      if (act.state === "failed" || busy.has(slotOf(act))) continue;
      busy.add(slotOf(act));
      if (id === undefined || act.epoch !== timeline.epoch || this.#sent.has(ref)) continue;
      if (!this.#can.has(type)) {
        this.#fail(ref, "unknown_type");
        continue;
      }
      this.#sent.add(ref);
      this.#fresh.delete(ref);
      if (type === "edit") connection.send({ type, ref, id, text });
      else if (type === "delete") connection.send({ type, ref, id });
      else connection.send({ type, ref, id, emoji, on });
    }
  }

  /** An act is no longer on its way: it is done, has failed, or can be sent again. @param {string} ref */
  onAnswer(ref) {
    this.#sent.delete(ref);
    const act = this.#room.outbox.getAct(ref);
    if (act?.state === "failed") this.failed.emit(act);
  }

  /**
   * Add an act in place of those like it that are not on their way.
   * @param {ActFields} act
   * @param {string | boolean} effect  What the message is to be like.
   */
  #add(act, effect) {
    const { outbox } = this.#room;
    const like = outbox.acts.filter(each => slotOf(each) === slotOf(act));
    for (const each of like) if (this.#isIdle(each)) outbox.remove(each.ref);
    const sent = like.findLast(each => !this.#isIdle(each));
    if (effect !== (sent ? effectOf(sent) : this.#effect(act))) this.#fresh.add(outbox.addAct(act).ref);
    this.flush();
    this.#room.changed.emit();
  }

  /** Whether the room does not know of an act and need not. @param {OutgoingAct} act */
  #isIdle({ ref, state }) {
    return state === "failed" || this.#fresh.has(ref);
  }

  /**
   * @param {Pick<ActFields, "type" | "id" | "of" | "emoji">} act
   * @returns {string | boolean | undefined} What the message is like without it; undefined if it is not here.
   */
  #effect({ type, id, of, emoji = "" }) {
    const { timeline, outbox } = this.#room;
    const item = id === undefined ? undefined : timeline.get(id);
    if (type === "delete") return item?.deleted ?? false;
    if (type === "edit") return item?.text ?? outbox.get(of ?? "")?.text;
    return item ? ownOf(item.reactions).includes(emoji) : of ? false : undefined;
  }

  /**
   * @param {Target} target
   * @param {string} epoch
   * @returns {Pick<ActFields, "epoch" | "id" | "of">}
   */
  #place(target, epoch = this.epoch) {
    if (typeof target === "number") return { epoch, id: target };
    const found = this.find(target); // its ack may have come while its row was looked at
    return found && "id" in found && found.id !== null ? { epoch, id: found.id } : { epoch, of: target };
  }

  /** @returns {Map<string, OutgoingAct[]>} */
  #byMessage() {
    /** @type {Map<string, Required<Shown>["acts"]>} */
    const found = new Map();
    for (const act of this.#room.outbox.acts) {
      const others = found.get(messageOf(act)) ?? [];
      found.set(messageOf(act), [...others, { ...act, canRetry: this.canRetry(act) }]);
    }
    return found;
  }

  /** @param {MessageItem} item @param {Map<string, OutgoingAct[]>} acts @returns {ShownItem} */
  #shown(item, acts = this.#byMessage()) {
    const { timeline, members } = this.#room;
    const place = item.former ?? { epoch: timeline.epoch, id: item.id ?? 0 };
    return withActs(item, acts.get(messageOf(place)), members.self);
  }

  /** @param {string} ref @param {string} code */
  #fail(ref, code) {
    this.#room.outbox.fail(ref, code);
    this.onAnswer(ref);
  }
}

/** @param {Pick<ActFields, "epoch" | "id" | "of">} act @returns {string} The message that it is about. */
function messageOf({ epoch, id, of = "" }) {
  return id === undefined ? of : `${epoch} ${id}`;
}

/** @param {Pick<ActFields, "type" | "epoch" | "id" | "of" | "emoji">} act @returns {string} What is like it. */
function slotOf(act) {
  return `${act.type} ${act.emoji ?? ""} ${messageOf(act)}`;
}

/** @param {ActFields} act */
function effectOf({ type, text, on }) {
  return type === "edit" ? text : type === "react" ? on : true;
}

/** @param {ShownItem | ShownMessage} message */
function isThere(message) {
  if (message.deleted) return false;
  if ("ref" in message) return message.state === "pending";
  const { id, notice } = message;
  return id !== null && (!notice || notice.act === "announce");
}

/** @param {ShownItem | ShownMessage} message */
function isOwn(message) {
  return "ref" in message || message.mine;
}

/**
 * @template {MessageItem | OutgoingMessage} T
 * @param {T} message
 * @param {OutgoingAct[] | undefined} acts
 * @param {string} name  The reader's.
 * @returns {T & Shown & {deleted?: boolean, reactions?: Reaction[]}}
 */
function withActs(message, acts, name) {
  /** @type {T & Shown & {text: string, deleted?: boolean, reactions?: Reaction[]}} */
  const shown = message;
  if (!acts) return shown;
  let { text: now, deleted, reactions = [] } = shown;
  for (const { type, state, text = "", emoji = "", on = true } of acts) {
    if (state === "failed") continue;
    if (type === "edit") now = text;
    else if (type === "react") reactions = toggleReaction(reactions, emoji, on, name);
    else deleted = true;
  }
  const gone = { deleted, text: "", reactions: [], mentions: [], reply: undefined, edited: undefined };
  return Object.assign({ ...shown }, { acts }, deleted ? gone : { text: now, reactions });
}
