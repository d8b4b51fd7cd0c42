import { byId } from "../lib/dom.js";
import { PeopleSearch } from "../model/people_search.js";

/** @typedef {import("../model/room.js").Room} Room */

/** Pixels before the end of the list at which more is fetched. */
const AHEAD = 600;

/** In a crowd: what is typed into the filter of the people is looked for in the room, and the list goes on at its end. */
export class CrowdPeople {
  #panel = byId("aside", "people");
  #filter = byId("input", "people-filter");
  #members;
  #search;

  /** @param {Room} room */
  constructor(room) {
    this.#members = room.members;
    this.#search = room.members.search = new PeopleSearch(room);
    this.#filter.addEventListener("input", () => {
      if (this.#members.inCrowd) this.#search.find(this.#filter.value);
    });
    this.#panel.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    for (const type of ["pointerenter", "focusin", "toggle"])
      this.#panel.addEventListener(type, () => this.#refresh());
    if (this.#filter.value) this.#filter.dispatchEvent(new Event("input")); // typed before this was loaded
  }

  /** Who is here may have changed since; but nobody's list is fetched again while nobody looks at it. */
  #refresh() {
    if (this.#members.inCrowd && this.#panel.scrollTop === 0) this.#search.find(this.#filter.value);
  }

  #onScroll() {
    const { scrollTop, clientHeight, scrollHeight } = this.#panel;
    const isAtEnd = scrollTop + clientHeight > scrollHeight - AHEAD;
    if (isAtEnd && this.#members.inCrowd) this.#search.loadMore(this.#filter.value);
  }
}
