import { isCalled } from "../lib/mentions.js";
import { Signal } from "../lib/signal.js";
import { uniqueKey } from "../lib/unique.js";
import { About } from "./about.js";
import { Acts } from "./acts.js";
import { Changes } from "./changes.js";
import { History } from "./history.js";
import { Lives } from "./lives.js";
import { Members } from "./members.js";
import { Moderation } from "./moderation.js";
import { HISTORY_PAGE } from "./protocol.js";
import { Reading } from "./reading.js";
import { MODERATED_REASONS, REMOVAL_REASONS, Removal } from "./removal.js";
import { Requests } from "./requests.js";
import { Search } from "./search.js";
import { Sender } from "./sender.js";
import { Throttle } from "./throttle.js";
import { Timeline } from "./timeline.js";
import { Topic } from "./topic.js";
import { Unread } from "./unread.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./removal.js").Departure} Departure */
/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {import("./protocol.js").RoomError} RoomError */
/** @typedef {import("./protocol.js").RoomEvent} RoomEvent */
/** @typedef {import("./protocol.js").RoomRequest} RoomRequest */
/** @typedef {import("./session.js").Session} Session */

/** @typedef {import("./protocol.js").MessageEvent | import("./protocol.js").Joined | import("./protocol.js").Left} Arrival */

/** Acts with which a moderator forbids to write, or allows it again. */
const MUTING_ACTS = ["mute", "unmute"];

/**
 * The room as one person sees it: what the page knows, and what it can do.
 *
 * Holds the other models and passes the connection's events to them. After every loss it joins
 * again with the same identity, continues where it was, and sends what is still in the outbox.
 */
export class Room {
  timeline = new Timeline();
  members = new Members();
  unread = new Unread(
    message => this.#isOwn(message) || this.isIgnored(message.name),
    message => this.concerns(message),
  );
  acts = new Acts(this);
  changes = new Changes(this);
  sender = new Sender(this);
  throttle = new Throttle();
  about = new About();
  topic = new Topic();
  isIgnored = (/** @type {string} */ _name) => false; // whether the reader hides this person's messages
  /** @type {import("./protocol.js").Limits} */
  limits = { name: 32, text: 4000, line: 65_536, history: 500 };

  /** The timeline or the outbox. @type {Signal} */
  changed = new Signal();
  /** Somebody else whom the reader does not ignore has spoken, joined or left, just now. @type {Signal<Arrival>} */
  arrived = new Signal();
  /** We have joined, for the first time or again. @type {Signal} */
  entered = new Signal();
  /** The room did not let us join. @type {Signal<RoomError>} */
  refused = new Signal();
  /** The answer to our join will take so many seconds. @type {Signal<number>} */
  delayed = new Signal();
  /** We have left, and do not reconnect. @type {Signal<Departure>} */
  left = new Signal();
  /** A request failed, with this error code. @type {Signal<string>} */
  failed = new Signal();

  /** The name to join with, or "" to stay outside. */
  #name = "";
  /** The room's password, if it asked for one. Never stored. */
  #password = "";
  /** The one-time code to join with, or "". */
  #code = "";
  /** The secret to join with while the room has given us none: if its welcome is lost, the room knows who comes back. */
  #firstSecret = "";
  #removal = new Removal();
  /** Whether the room says which messages are ours. */
  #marksOwn = false;
  #requests;

  /**
   * @param {Connection} connection
   * @param {Session} session
   * @param {Outbox} outbox
   */
  constructor(connection, session, outbox) {
    this.connection = connection;
    this.session = session;
    this.outbox = outbox;
    outbox.open(session.id);
    this.#requests = new Requests(connection);
    this.history = new History(this, this.#requests);
    this.lives = new Lives(connection);
    this.search = new Search(this.#requests, session.secret !== "");
    this.moderation = new Moderation(this.#requests);
    connection.events.on(event => this.#onEvent(event));
    connection.changed.on(state => this.#onConnectionState(state));
    this.moderation.mutes.changed.on(() => this.changed.emit()); // messages tell until when one is muted
    this.reading = new Reading(this);
  }

  /** Whether we have joined, on the present connection. */
  get joined() {
    return this.#requests.online;
  }

  /** Whether we are in the room under our stored identity, even if the connection is lost. */
  get inside() {
    return this.#name !== "" && this.#isKnown;
  }

  /** Whether we want to join under a name that the room has not confirmed yet. */
  get joining() {
    return (this.#code || this.#name) !== "" && !this.#isKnown;
  }

  /** A changed name is another identity, and so is a code: the room identifies people by the secret. */
  get #isKnown() {
    return !this.#code && this.#name === this.session.name;
  }

  /**
   * Join, now and after every loss. Once the room lets us in under another name than before, what is
   * unsent is dropped.
   * @param {string} name
   * @param {string} password  The room's, or "" for the one given before.
   * @param {string} code  A one-time code, with which we become who has asked for it.
   */
  enter(name, password = "", code = "") {
    this.#name = name;
    this.#code = code;
    this.#firstSecret = uniqueKey();
    if (password) this.#password = password;
    this.members.self = name; // until the room confirms it, perhaps normalized
    if (this.connection.state.phase === "open") this.#join();
    else this.connection.open();
  }

  /**
   * Leave, and drop what was not sent.
   * @param {string} reason  "elsewhere" if that was done in another tab, or on another device.
   */
  leave(reason = "") {
    this.connection.send({ type: "leave", forget: true }); // a held name is given up too
    this.session.end();
    this.#password = "";
    this.#exit(reason);
  }

  /**
   * @param {string} text  Neither blank nor longer than the limit.
   * @param {import("./sender.js").Saying} [more]
   */
  say(text, more) {
    this.sender.say(text, more);
  }

  /** @param {string} ref  Of a message or an act that has failed. */
  retry(ref) {
    this.sender.retry(ref);
  }

  /** @param {string} ref  Of a message or an act that has failed. */
  discard(ref) {
    this.sender.discard(ref);
  }

  /** @param {RoomRequest} request @param {(answer: RoomEvent) => void} onAnswer  As those of `Requests.send`. */
  ask(request, onAnswer) {
    this.#requests.send(request, onAnswer);
  }

  /** @param {ConnectionState} state */
  #onConnectionState({ phase, reason = "" }) {
    if (phase === "open") {
      this.#join();
      return;
    }
    this.#requests.onDisconnect();
    this.search.onDisconnect();
    this.moderation.onDisconnect();
    this.throttle.end();
    if (phase === "waiting" && !this.#name && !this.#code) this.connection.close();
    if (phase !== "stopped") return;
    if (reason === "left" || reason === "left_elsewhere") this.session.end();
    if (MODERATED_REASONS.includes(reason)) this.#dropUnsent();
    if (reason === "left" || reason === "late") this.#exit();
    else if (reason === "left_elsewhere") this.#exit("elsewhere");
    // A refused join has no name, and its error has told the reason already.
    else if (REMOVAL_REASONS.includes(reason) && (this.#name || reason === "password")) this.#exit(reason);
  }

  /** We are kept out: the next person at this browser must not send what is unsent. */
  #dropUnsent() {
    this.session.removeUnsent();
    this.outbox.clear();
  }

  /** @param {string} reason  Of the `bye`, or of `leave`. */
  #exit(reason = "") {
    this.#name = this.#code = "";
    this.outbox.open(this.session.id);
    this.#requests.onDisconnect();
    this.connection.close();
    this.timeline = new Timeline();
    this.search.reset();
    this.moderation.reset();
    this.unread.reset(0);
    this.left.emit(this.#removal.toDeparture(reason));
  }

  #join() {
    this.session.followRead();
    const { epoch, newest } = this.timeline;
    const { secret, read } = this.#isKnown ? this.session : { secret: this.#firstSecret, read: null };
    const since = newest > 0 ? { epoch, id: newest } : read && { epoch: read.epoch, id: read.id };
    this.connection.send({
      type: "join",
      name: this.#name,
      history: HISTORY_PAGE,
      ...(secret && { session: secret }),
      ...(since && { since }),
      ...(this.#password && { password: this.#password }),
      ...(this.#code && { code: this.#code }),
    });
    if (newest === 0 && read) this.history.loadBehindJoin(read.id);
  }

  /** @param {RoomEvent} event */
  #onEvent(event) {
    if (event.type === "role") this.moderation.onRole(event.moderator, event.muted);
    if (this.#requests.settle(event)) return;
    switch (event.type) {
      case "welcome":
        this.#onWelcome(event);
        break;
      case "message":
        this.#onMessage(event);
        break;
      case "ack":
        this.sender.onAck(event);
        break;
      case "changed":
        this.changes.onChanged(event);
        this.changed.emit();
        break;
      case "joined":
      case "left":
        this.#onPresence(event);
        break;
      case "typing":
      case "person":
      case "crowd":
      case "count":
        this.members.onEvent(event);
        break;
      case "about":
        this.about.onTold(event);
        break;
      case "throttled":
        if (!this.joined) this.delayed.emit(event.seconds);
        else if (!this.outbox.isSettled) this.throttle.begin(event.seconds);
        break;
      case "error":
        this.#onError(event);
        break;
    }
  }

  /** @param {import("./protocol.js").Welcome} welcome */
  #onWelcome(welcome) {
    const { name, session, epoch, last, members, missed, more, limits, can = [], stale = false } = welcome;
    this.connection.markStable();
    this.#requests.online = true;
    this.#removal.reset();
    this.limits = limits;
    this.about.onTold(welcome);
    this.session.begin(name, session, this.#isKnown);
    this.#name = name;
    this.#code = "";
    if (welcome.read) this.session.markRead({ epoch, id: welcome.read });
    this.#marksOwn = can.length > 0;
    this.outbox.open(this.session.id);
    this.members.reset(name, members, welcome.count);
    this.members.mark(welcome.marked ?? []);
    const messages = welcome.messages.map(message => this.claim(message));
    this.topic.set(welcome.topic ?? null);
    this.search.onJoined(session !== "", epoch);
    this.moderation.onJoined(welcome.moderated ?? false, welcome.moderator ?? false, welcome.muted);
    // The same log with a lower number has lost its end: by a power failure, or restored from a backup.
    const restarted = epoch !== this.timeline.epoch || last < this.timeline.newest;
    if (restarted) {
      this.timeline.restart(epoch);
      const read = this.session.read;
      const newest = messages.at(-1)?.id ?? last;
      this.unread.reset(read?.epoch === epoch ? Math.min(read.id, last) : newest);
    } else if (stale) {
      this.timeline.clear();
      this.unread.reset(this.unread.lastRead);
    }
    // What came meanwhile is unread, even if the page is open and at its end.
    this.unread.setReading(false, last, true);
    const { lastRead } = this.unread;
    const newer = messages.filter(({ id }) => id > lastRead && !this.timeline.has(id));
    for (const message of newer) if (message.mine) this.outbox.markReplayed(message.text);
    this.timeline.resume(messages, missed, more, last);
    this.changes.onJoined(welcome.changed ?? [], last);
    this.changes.onNotices(messages);
    this.unread.add(newer, missed);
    this.acts.onJoined(welcome);
    this.entered.emit();
    this.sender.onJoined();
    // Show the place where the reader left off, and some older messages above.
    const front = this.timeline.items[0];
    if ((restarted && missed > 0) || stale) this.history.find(lastRead);
    else if (front?.kind === "gap" && this.timeline.items.length < HISTORY_PAGE / 2) this.history.load(front);
  }

  /** @param {import("./protocol.js").MessageEvent} event */
  #onMessage(event) {
    const message = { ...event, mine: event.name === this.members.self };
    this.members.stopTyping(message.name);
    if (!this.timeline.add(message)) return;
    this.changes.onNotices([message]);
    this.topic.onMessage(message);
    if (message.notice) this.moderation.mutes.onNotice(message.notice);
    if (message.notice && message.notice.target === this.members.self) {
      const { act, target } = message.notice;
      this.#removal.onNotice(message.notice);
      if (MUTING_ACTS.includes(act)) this.outbox.setMuted(this.moderation.mutes.until(target) ?? Date.now());
    }
    this.unread.add([message]);
    if (!this.#isOwn(message) && !this.isIgnored(message.name)) this.arrived.emit(message);
    this.changed.emit();
  }

  /** @param {import("./protocol.js").Joined | import("./protocol.js").Left} event */
  #onPresence(event) {
    const joined = event.type === "joined";
    if (joined) this.members.add(event.name);
    else this.members.remove(event.name);
    // A removal has a notice already.
    if (joined || !REMOVAL_REASONS.includes(event.reason ?? "")) {
      this.timeline.addPresence({ ...event, joined });
      this.arrived.emit(event);
    }
    this.changed.emit();
  }

  /**
   * @param {Message} message  From an answer to us.
   * @returns {Message} It, with `mine`. An older room does not say it: there it is by the name.
   */
  claim(message) {
    const { name, mine = false } = message;
    return { ...message, mine: this.#marksOwn ? mine : name === this.members.self };
  }

  /**
   * @param {Pick<Message, "mine" | "mentions" | "reply">} message
   * @returns {boolean} Whether it calls the reader by name, or answers the reader.
   */
  concerns({ mine, mentions = [], reply }) {
    const { self } = this.members;
    const isAnswer = reply && (this.timeline.get(reply.id)?.mine ?? reply.name === self);
    return !mine && (isAnswer || isCalled(mentions, self));
  }

  /** @param {Message} message @returns Whether it is ours, or a notice of what we did. */
  #isOwn({ mine, notice }) {
    return notice ? notice.by === this.members.self : mine;
  }

  /** @param {RoomError} error */
  #onError(error) {
    const { code, ref } = error;
    if (ref) {
      this.sender.onError({ ...error, ref });
    } else if (this.joined && code === "banned") {
      this.#removal.onBan(error); // the `bye` follows
    } else if (!this.joined) {
      this.#name = this.#code = "";
      if (code.startsWith("password")) this.#password = "";
      if (code === "banned") this.#dropUnsent();
      this.refused.emit(error);
    } else {
      this.failed.emit(code);
    }
  }
}
