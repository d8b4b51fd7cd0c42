import { afterEach } from "node:test";
import { Signal } from "../../static/js/lib/signal.js";
import { MemoryStore } from "../../static/js/lib/storage.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";

export const AT = "2026-11-22T05:43:03.120Z";
const LIMITS = { name: 32, text: 4000, line: 65_536, history: 500 };
export const message = (id, name, text = `№ ${id}`) => ({ type: "message", id, at: AT, name, text });
/** What a room says that knows acts. */
export const ACTING = {
  can: ["reply", "edit", "delete", "react", "action", "mention"],
  limits: { ...LIMITS, edit: 3600 },
};

/** A store that is full. */
export class FullStore extends MemoryStore {
  setItem() {
    throw new DOMException("full", "QuotaExceededError");
  }
}

/** A fake connection; the test plays the room. */
export class Wire {
  events = new Signal();
  changed = new Signal();
  state = { phase: "idle" };
  sent = [];
  /** Commands sent with a ref and not yet answered. */
  asked = [];
  enter(phase, reason) {
    this.state = { phase, reason };
    this.changed.emit(this.state);
  }
  open() {
    this.enter("open");
  }
  close() {
    this.enter("idle");
  }
  reconnect() {
    this.enter("waiting");
  }
  markStable() {}
  send(command) {
    if (this.state.phase !== "open") return false;
    this.sent.push(command);
    if (command.ref) this.asked.push(command);
    return true;
  }
  /** Answer the oldest command of this type, with its ref. */
  answer(type, event) {
    const at = this.asked.findIndex(command => command.type === type);
    const [{ ref }] = this.asked.splice(at, 1);
    this.hear({ ...event, ref });
  }
  hear(...events) {
    for (const event of events) this.events.emit(event);
  }
  welcome(fields = {}) {
    const nothing = { messages: [], missed: 0, more: false, members: ["Анна"], limits: LIMITS };
    this.hear({
      type: "welcome",
      name: "Анна",
      session: "secret",
      epoch: "e",
      last: 0,
      ...nothing,
      ...fields,
    });
  }
  /** Commands sent since the last call. */
  take() {
    return this.sent.splice(0);
  }
  /** The same, without the refs. */
  takeBare() {
    return this.take().map(({ ref: _, ...command }) => command);
  }
}

/** Ended after each test: the timer of a request or of a mute would keep the process alive. */
const pages = [];
afterEach(() => {
  for (const { wire, room } of pages.splice(0)) {
    wire.close();
    room.moderation.mutes.reset([]);
  }
});

/** A page that has joined; `store` survives a reload. */
export function page(store = new MemoryStore(), welcome = {}) {
  const wire = new Wire();
  const room = new Room(wire, new Session(store), new Outbox(store));
  pages.push({ wire, room });
  room.enter("Анна");
  const [join, ...behind] = wire.take();
  wire.welcome(welcome);
  return { wire, room, join, behind, store };
}
