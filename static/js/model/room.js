import { Signal } from "../lib/signal.js";
import { after } from "../lib/timer.js";
import { Members } from "./members.js";
import { Moderation } from "./moderation.js";
import { HISTORY_PAGE, TYPING_INTERVAL } from "./protocol.js";
import { Search } from "./search.js";
import { Throttle } from "./throttle.js";
import { Timeline } from "./timeline.js";
import { Unread } from "./unread.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").RefusalFields} RefusalFields */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./timeline.js").GapItem} GapItem */

/**
 * @typedef {object} Farewell        How we went out for good.
 * @property {string} reason         Why; "" for our own wish.
 * @property {RefusalFields} [ban]   For how long, where the room said so.
 * @property {string} [why]          What the moderator said.
 */

/** The words with which the room sends somebody back to the door. */
const DISMISSALS = ["kicked", "banned", "password"];
/** What a moderator does to that end. */
const DISMISSING = ["kick", "ban"];

/** Milliseconds to wait for a page of history; a room that takes longer is held for gone. */
const HISTORY_DEADLINE = 15_000;

/**
 * One person's presence in the room: what the page knows, and what it may do.
 *
 * Holds the models, feeds them with the connection's events, and comes back by
 * itself after every loss: with the same identity, from where it was, sending what
 * is still in the outbox. Knows of no element of the page.
 */
export class Room {
  timeline = new Timeline();
  members = new Members();
  unread = new Unread();
  throttle = new Throttle();
  /** @type {import("./protocol.js").Limits} */
  limits = { name: 32, text: 4000, line: 65_536, history: 500 };
  /** Whether the room knows us on the present connection. */
  joined = false;

  /** The timeline or the outbox. @type {Signal} */
  changed = new Signal();
  /** We are in; again after every return. @type {Signal} */
  entered = new Signal();
  /** We were not let in. @type {Signal<RefusalFields>} */
  refused = new Signal();
  /** At the door one has to wait so many seconds for an answer. @type {Signal<number>} */
  delayed = new Signal();
  /** We are out for good. @type {Signal<Farewell>} */
  left = new Signal();
  /** Something asked for was not possible, with the error's code. @type {Signal<string>} */
  failed = new Signal();

  /** The name to join with, or "" while nobody wants in. */
  #name = "";
  /** The room's password, once it was asked for; gone with the page. */
  #password = "";
  #typedAt = 0;
  /** What the room has told of our own going, before it closes. @type {Omit<Farewell, "reason">} */
  #sentence = {};
  /**
   * The page of history being waited for. The wire tells answers apart only by
   * their order, so there is one question at a time.
   * @type {{gap: GapItem, before: number, answered: Promise<void>, settle: () => void} | null}
   */
  #question = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #questionTimer;

  /**
   * @param {Connection} connection
   * @param {Session} session
   * @param {Outbox} outbox
   */
  constructor(connection, session, outbox) {
    this.connection = connection;
    this.session = session;
    this.outbox = outbox;
    this.search = new Search(connection, session.secret !== "");
    this.moderation = new Moderation(connection);
    connection.events.on(event => this.#receive(event));
    connection.changed.on(state => this.#follow(state));
    this.unread.changed.on(() => this.#keepPlace());
  }

  /**
   * Ask to be let in, now and after every loss.
   *
   * @param {string} name
   * @param {string} password  The room's, or "" for the one given before.
   */
  enter(name, password = "") {
    // Under another name one is another person: the room knows by the secret, not by the name.
    if (this.session.secret && name !== this.session.name) this.session.end();
    this.#name = name;
    if (password) this.#password = password;
    this.members.self = name; // until the room says what it made of it
    if (this.connection.state.phase === "open") this.#join();
    else this.connection.open();
  }

  /** Leave for good; what was not sent is not said. */
  leave() {
    this.connection.send({ type: "leave" });
    for (const { ref } of this.outbox.parcels) this.outbox.remove(ref);
    this.session.end();
    this.#password = "";
    this.#goOut();
  }

  /** @param {string} text  Neither blank nor longer than the limit. */
  say(text) {
    const parcel = this.outbox.add(text);
    this.unread.spoke();
    this.#send(parcel);
    this.changed.emit();
  }

  /** @param {string} ref  Of something that failed. */
  retry(ref) {
    const parcel = this.outbox.retry(ref);
    if (parcel) this.#send(parcel);
    this.changed.emit();
  }

  /** @param {string} ref  Of something that failed. */
  discard(ref) {
    this.outbox.remove(ref);
    this.changed.emit();
  }

  /** A text is being written: let the others know, now and then. */
  type() {
    if (!this.joined || performance.now() - this.#typedAt < TYPING_INTERVAL) return;
    this.#typedAt = performance.now();
    this.connection.send({ type: "typing" });
  }

  /**
   * Ask for a part of what a gap hides, unless another answer is awaited.
   *
   * @param {GapItem} gap
   * @param {number} before  Only messages with smaller ids; Infinity for the newest.
   * @returns {Promise<void>} Settled once there is an answer, or none to be had.
   */
  async load(gap, before = this.timeline.requestFor(gap)) {
    if (this.#question || !this.joined) return;
    const limit = Math.min(HISTORY_PAGE, this.limits.history);
    this.connection.send({ type: "history", limit, ...(Number.isFinite(before) && { before }) });
    let settle = () => {};
    /** @type {Promise<void>} */
    const answered = new Promise(resolve => {
      settle = resolve;
    });
    this.#question = { gap, before, answered, settle };
    this.#questionTimer = setTimeout(() => this.connection.abandon(), HISTORY_DEADLINE);
    gap.loading = true;
    this.changed.emit();
    await answered;
  }

  /**
   * Make sure that a message is in the timeline.
   *
   * @param {number} id
   * @returns {Promise<boolean>} Whether it is; false too if the room keeps it no more.
   */
  async find(id) {
    while (this.#question) await this.#question.answered;
    const gap = this.timeline.gapAround(id);
    if (gap) await this.load(gap, Math.min(id + HISTORY_PAGE / 2, this.timeline.bounds(gap).high));
    return this.timeline.has(id);
  }

  /** @param {ConnectionState} state */
  #follow({ phase, reason = "" }) {
    if (phase === "open") {
      this.#join();
      return;
    }
    this.joined = false;
    this.search.lose();
    this.moderation.lose();
    this.throttle.end();
    this.#settleQuestion();
    if (phase === "waiting" && !this.#name) this.connection.close();
    if (phase !== "stopped") return;
    if (reason === "left") this.session.end();
    if (reason === "left" || reason === "late") this.#goOut();
    // Whoever was refused at the door knows already, and better, why.
    else if (DISMISSALS.includes(reason) && (this.#name || reason === "password")) this.#goOut(reason);
  }

  /** @param {string} reason  Or "" for our own wish. */
  #goOut(reason = "") {
    this.#name = "";
    this.joined = false;
    this.#settleQuestion();
    this.connection.close();
    this.timeline = new Timeline();
    this.search.reset();
    this.moderation.leave();
    this.unread.reset(0);
    this.left.emit({ reason, ...this.#sentence });
  }

  #join() {
    const { epoch, newest } = this.timeline;
    const since = newest > 0 ? { epoch, id: newest } : this.session.read;
    this.connection.send({
      type: "join",
      name: this.#name,
      history: HISTORY_PAGE,
      ...(this.session.secret && { session: this.session.secret }),
      ...(since && { since }),
      ...(this.#password && { password: this.#password }),
    });
  }

  /** @param {RoomEvent} event */
  #receive(event) {
    switch (event.type) {
      case "welcome":
        this.#welcome(event);
        break;
      case "message":
        this.#message(event);
        break;
      case "ack": {
        const parcel = this.outbox.remove(event.ref);
        if (parcel) this.timeline.add({ ...event, name: this.members.self, text: parcel.text }, parcel.ref);
        if (this.outbox.pending.length === 0) this.throttle.end();
        this.changed.emit();
        break;
      }
      case "joined":
      case "left":
        this.#presence(event);
        break;
      case "typing":
        if (event.name !== this.members.self) this.members.startTyping(event.name);
        break;
      case "history":
        this.#history(event);
        break;
      case "found":
        this.search.answer(event);
        break;
      case "throttled":
        if (!this.joined) this.delayed.emit(event.seconds);
        else if (this.outbox.pending.length > 0) this.throttle.begin(event.seconds);
        break;
      case "error":
        this.#refusal(event);
        break;
    }
    this.moderation.hear(event);
  }

  /** @param {import("./protocol.js").Welcome} welcome */
  #welcome(welcome) {
    const { name, session, epoch, last, members, messages, missed, more, limits } = welcome;
    this.connection.settled();
    this.joined = true;
    this.#sentence = {};
    this.#name = name;
    this.limits = limits;
    this.session.begin(name, session);
    this.members.reset(name, members);
    this.search.begin(session !== "", epoch);
    this.moderation.begin(name, welcome.moderated ?? false, welcome.moderator ?? false);
    // The same log with a lower number has lost its end, by a loss of power or to a backup.
    if (epoch !== this.timeline.epoch || last < this.timeline.newest) {
      this.timeline.restart(epoch);
      const read = this.session.read;
      this.unread.reset(read?.epoch === epoch ? read.id : last);
    }
    // Whatever came meanwhile is new to the reader, even at the bottom of an open page.
    this.unread.reading = false;
    const newer = messages.filter(({ id }) => id > this.unread.lastRead && !this.timeline.has(id));
    const others = newer.filter(message => !this.#isOwn(message)).length;
    for (const message of newer) if (message.name === name) this.outbox.echo(message.text);
    this.timeline.resume(messages, missed, more);
    this.#strike(messages);
    if (others) this.unread.arrived(others + missed);
    for (const parcel of this.outbox.pending) this.#send(parcel);
    this.entered.emit();
    this.changed.emit();
    // A page of context is wanted above the place one comes back to.
    const front = this.timeline.items[0];
    if (front?.kind === "gap" && this.timeline.items.length < HISTORY_PAGE / 2) this.load(front);
  }

  /** @param {import("./protocol.js").MessageEvent} message */
  #message(message) {
    this.members.spoke(message.name);
    if (!this.timeline.add(message)) return;
    this.#strike([message]);
    const { act = "", target, text: why } = message.notice ?? {};
    if (DISMISSING.includes(act) && target === this.members.self) this.#sentence = { why };
    if (!this.#isOwn(message)) this.unread.arrived(1);
    this.changed.emit();
  }

  /** @param {import("./protocol.js").Joined | import("./protocol.js").Left} event */
  #presence(event) {
    const came = event.type === "joined";
    if (came) this.members.add(event.name);
    else this.members.remove(event.name);
    // That somebody was sent away, the notice has told.
    if (came || !DISMISSALS.includes(event.reason ?? "")) this.timeline.addPresence({ ...event, came });
    this.changed.emit();
  }

  /** @param {import("./protocol.js").History} history */
  #history({ messages, more }) {
    if (!this.#question) return;
    const { gap, before } = this.#question;
    this.timeline.fill(gap, messages, before, more);
    this.#strike(messages);
    this.#settleQuestion();
  }

  /** @param {Message} message @returns Whether we said it ourselves, or what it tells was our doing. */
  #isOwn({ name, notice }) {
    return (notice?.by ?? name) === this.members.self;
  }

  /** @param {Message[]} messages  Take away what these tell the deletion of. */
  #strike(messages) {
    for (const { notice } of messages) {
      if (notice?.act !== "delete" || !notice.id) continue;
      this.timeline.blank(notice.id);
      this.search.forget(notice.id);
    }
  }

  /** @param {import("./protocol.js").Refusal} refusal */
  #refusal(refusal) {
    const { code, ref, retry_after } = refusal;
    if (ref && code === "too_fast" && retry_after) {
      this.throttle.begin(retry_after);
      after(retry_after, () => this.retry(ref));
    } else if (ref) {
      this.outbox.fail(ref, code, retry_after);
      this.changed.emit();
    } else if (this.joined && code === "banned") {
      this.#sentence.ban = refusal; // the goodbye follows
    } else if (!this.joined) {
      this.#name = "";
      if (code.startsWith("password")) this.#password = "";
      this.refused.emit(refusal);
    } else if (!this.moderation.refuse(refusal) && !this.search.refuse(code, retry_after)) {
      this.#settleQuestion();
      this.failed.emit(code);
    }
  }

  /** @param {import("./outbox.js").Parcel} parcel */
  #send({ ref, text }) {
    if (!this.joined) return;
    this.connection.send({ type: "say", ref, text });
  }

  #settleQuestion() {
    clearTimeout(this.#questionTimer);
    const question = this.#question;
    this.#question = null;
    if (!question) return;
    question.gap.loading = false;
    question.settle();
    this.changed.emit();
  }

  #keepPlace() {
    const { lastRead } = this.unread;
    if (lastRead > 0) this.session.markRead({ epoch: this.timeline.epoch, id: lastRead });
  }
}
