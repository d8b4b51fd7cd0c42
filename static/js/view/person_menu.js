import { clean } from "../lib/text.js";
import { Menu } from "./menu.js";

/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("./menu.js").MenuItem} MenuItem */
/** @typedef {import("../model/ignored.js").Ignored} Ignored */
/** @typedef {import("../model/protocol.js").PersonFields} PersonFields */
/** @typedef {import("../model/room.js").Room} Room */
/** @typedef {import("../model/acts.js").ShownItem} ShownItem */
/** @typedef {import("./people.js").People} People */

/** What is known of a person in the list of people, and what can be done; moderators can do more. */
export class PersonMenu {
  #menu = new Menu();
  #room;
  #i18n;
  /** Whose menu was opened last. */
  #name = "";

  /**
   * @param {Room} room
   * @param {People} people
   * @param {Ignored} ignored
   * @param {I18n} i18n
   * @param {{mention: (name: string) => void, reply: (item: ShownItem) => void,
   *   moderate: (name: string) => MenuItem[]}} acts
   */
  constructor(room, people, ignored, i18n, { mention, reply, moderate }) {
    this.#room = room;
    this.#i18n = i18n;
    people.menu = this;
    people.menuRequested.on(({ name, button }) => {
      const hide = ignored.has(name) ? "person.unhide" : "person.hide";
      /** @param {() => void} run  What is done in the composer, which the list covers on a phone. */
      const write = run => () => {
        people.close();
        run();
      };
      const last = room.acts.can("reply") ? room.acts.lastOfOthers(name) : undefined;
      this.#name = name;
      this.#menu.open(button, i18n.t("people.more", { name: clean(name) }), [
        { label: i18n.t("person.mention"), run: write(() => mention(name)) },
        ...(last ? [{ label: i18n.t("person.reply"), run: write(() => reply(last)) }] : []),
        { label: i18n.t(hide), run: () => ignored.toggle(name) },
        ...moderate(name),
      ]);
      this.#describe(name);
    });
    for (const signal of [room.left, room.refused, room.moderation.changed]) signal.on(() => this.close());
  }

  get isOpen() {
    return this.#menu.isOpen;
  }

  close() {
    this.#menu.close();
  }

  /** Say what is known of somebody, and ask since when they are here. @param {string} name */
  #describe(name) {
    const { acts, members } = this.#room;
    if (!acts.can("away")) return;
    this.#menu.note(describe(members.marksOf(name), this.#i18n) || "…");
    this.#room.ask({ type: "people", prefix: name, limit: 1 }, answer => {
      const person = answer.type === "people" ? answer.people?.find(each => each.name === name) : undefined;
      if (person && name === this.#name) this.#menu.note(describe(person, this.#i18n));
    });
  }
}

/** @param {PersonFields} person @param {I18n} i18n */
function describe({ at = "", moderator, away, why = "" }, i18n) {
  const since = at && i18n.when(new Date(at));
  return [
    since && i18n.t("person.since", { when: since }),
    moderator && i18n.t("people.moderator"),
    away && (why ? i18n.t("person.away.why", { why: clean(why) }) : i18n.t("people.absent")),
  ]
    .filter(Boolean)
    .join(" · ");
}
