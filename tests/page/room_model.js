import { ACTING, AT } from "./wire.js";

/** Fewer than the real room's, so that few steps exceed them. */
const MAX_REPLAY = 6;
const MAX_CHANGED = 3;

/**
 * A small model of the room: one log, persons by their secrets, acts as docs/protocol.md says. Nothing moves by
 * itself: the test says when a command arrives, when the room does it, and when an event is delivered.
 */
export class RoomModel {
  epoch = "e";
  last = 0;
  /** The greatest id that everybody has been sent: an act that changes nothing has only an ack. */
  news = 0;
  /** By id: with `owner`, the owners of each reaction, and `act`, the last act on it. */
  messages = new Map();
  /** Acts on messages of an earlier log. */
  foreign = 0;
  #first = 0;
  #acks = new Map();
  #links = new Set();

  /** Begin another log; nobody is connected. Its numbers tell apart what is about it. */
  restart() {
    this.epoch += "'";
    this.#first = this.last = this.news = this.last + 100;
    this.messages.clear();
    this.#acks.clear();
  }

  /** Connect a wire, which then reads and writes here. */
  connect(wire) {
    const link = { wire, owner: "", joined: false, outgoing: [] };
    this.#links.add(link);
    return link;
  }

  /** The connection is lost, with all that was on its way. */
  cut(link) {
    this.#links.delete(link);
    link.wire.sent.length = 0;
    link.outgoing.length = 0;
  }

  /** Do all that has arrived from some links, in one batch. */
  work(links = [...this.#links]) {
    const batch = [];
    for (const link of links)
      for (const command of link.wire.sent.splice(0))
        batch.push(...this.#do(link, command).map(o => ({ link, ...o })));
    for (const [at, { link, answer, event, mine }] of batch.entries()) {
      // Of acts of one kind on one message all are sent the last, and each actor also their own.
      const isRepeated = batch
        .slice(at + 1)
        .some(
          ({ event: next }) => next && next.act === event?.act && next.message?.id === event?.message?.id,
        );
      for (const each of this.#links) {
        if (!event || !each.joined || (event.type === "message" && each === link)) continue;
        if (each.owner === link.owner) each.outgoing.push({ ...event, ...(mine && { mine }) });
        else if (event.type === "message" || !isRepeated) each.outgoing.push(event);
      }
      link.outgoing.push(answer);
      link.joined ||= answer.type === "welcome";
    }
  }

  /** Deliver one event. @returns Whether there was one. */
  deliver(link) {
    const event = link.outgoing.shift();
    if (event) link.wire.hear(structuredClone(event));
    return event !== undefined;
  }

  /** A message as all are sent it, or as one person is. */
  view(id, reader) {
    const { owner, reply, reactions, act: _, text, deleted, ...message } = this.messages.get(id);
    const answered = reply && this.messages.get(reply);
    const mine = reader && reader === owner && { mine: true };
    if (deleted) return { ...message, text: "", deleted, ...mine };
    return {
      ...message,
      text,
      ...mine,
      ...(reply && {
        reply: { id: reply, name: answered.name, excerpt: answered.deleted ? "" : answered.text },
      }),
      reactions: [...reactions].map(([emoji, owners]) => ({
        emoji,
        count: owners.length,
        names: owners.slice(0, 3),
        ...(reader && owners.includes(reader) && { mine: true }),
      })),
    };
  }

  /** @returns What all are sent, and what the sender is. */
  #do(link, { type, ref, ...command }) {
    const { owner } = link;
    if (type === "join") return [{ answer: this.#join(link, command) }];
    if (type === "history") return [{ answer: { type, ref, ...this.#page(command, owner) } }];
    const done = this.#acks.get(`${owner} ${ref}`);
    if (done) return [{ answer: { type: "ack", ref, id: done, at: AT } }];
    const code = type === "say" ? "" : this.#refusal(type, command, owner);
    if (code) return [{ answer: { type: "error", ref, code } }];
    const isNews = type === "say" || this.#apply(type, command, owner);
    this.last += 1;
    const { last: id } = this;
    this.#acks.set(`${owner} ${ref}`, id);
    if (isNews) this.news = id;
    const answer = { type: "ack", ref, id, at: AT };
    if (type === "say") {
      this.#say(command, owner);
      return [{ answer, event: { type: "message", ...this.view(id) } }];
    }
    if (!isNews) return [{ answer }];
    const message = this.messages.get(command.id);
    message.act = id;
    const mine = [...message.reactions]
      .filter(([, owners]) => owners.includes(owner))
      .map(([emoji]) => emoji);
    const event = { type: "changed", id, at: AT, by: owner, act: type, message: this.view(command.id) };
    return [{ answer, event, mine }];
  }

  #refusal(type, { id }, owner) {
    if (id <= this.#first) this.foreign += 1;
    const message = this.messages.get(id);
    if (!message) return "not_found";
    if (message.deleted) return "is_deleted";
    return type !== "react" && message.owner !== owner ? "not_yours" : "";
  }

  #say({ text, reply, kind }, owner) {
    const more = { ...(reply && { reply }), ...(kind && { kind }) };
    this.messages.set(this.last, {
      id: this.last,
      at: AT,
      name: owner,
      owner,
      text,
      reactions: new Map(),
      ...more,
    });
  }

  #apply(type, { id, text, emoji, on = true }, owner) {
    const message = this.messages.get(id);
    if (type === "edit") {
      Object.assign(message, { text, edited: AT });
    } else if (type === "delete") {
      for (const field of ["reply", "kind", "edited"]) delete message[field];
      Object.assign(message, { text: "", deleted: true, reactions: new Map() });
    } else {
      const owners = message.reactions.get(emoji) ?? [];
      if (owners.includes(owner) === on) return false;
      message.reactions.set(emoji, on ? [...owners, owner] : owners.filter(each => each !== owner));
      if (message.reactions.get(emoji).length === 0) message.reactions.delete(emoji);
    }
    return true;
  }

  #page({ before = Number.POSITIVE_INFINITY, limit }, reader) {
    const older = [...this.messages.keys()].filter(id => id < before);
    const ids = older.slice(-limit);
    return {
      messages: ids.map(id => this.view(id, reader)),
      more: older.length > ids.length,
      first: (older.at(-limit - 1) ?? 0) + 1,
    };
  }

  #join(link, { name, since, history }) {
    link.owner = name;
    const known = since?.epoch === this.epoch ? since.id : 0;
    const changed = [...this.messages.values()].filter(({ id, act = 0 }) => id <= known && act > known);
    const stale = changed.length > MAX_CHANGED;
    const newer = [...this.messages.keys()].filter(id => id > known);
    const resumes = known > 0 && !stale;
    const ids = resumes
      ? newer.slice(-MAX_REPLAY)
      : [...this.messages.keys()].slice(-Math.min(history, MAX_REPLAY));
    return {
      type: "welcome",
      name,
      session: link.owner,
      epoch: this.epoch,
      last: this.last,
      members: [name],
      messages: ids.map(id => this.view(id, link.owner)),
      missed: resumes ? newer.length - ids.length : 0,
      more: this.messages.size > ids.length,
      ...ACTING,
      changed: stale ? [] : changed.sort((a, b) => a.act - b.act).map(({ id }) => this.view(id, link.owner)),
      stale,
    };
  }
}
