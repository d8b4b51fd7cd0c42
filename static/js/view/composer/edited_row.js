import { byId } from "../../lib/dom.js";

/** @typedef {import("../../model/room.js").Room} Room */
/** @typedef {import("./composer_task.js").ComposerTask} ComposerTask */
/** @typedef {import("../transcript/transcript.js").Transcript} Transcript */

/** Marks the row of the message that is being edited. */
export class EditedRow {
  #list = byId("ol", "messages");
  #room;
  #task;

  /**
   * @param {Room} room
   * @param {ComposerTask} task
   * @param {Transcript} transcript
   */
  constructor(room, task, transcript) {
    this.#room = room;
    this.#task = task;
    for (const signal of [task.changed, transcript.updated]) signal.on(() => this.#mark());
    this.#mark();
  }

  #mark() {
    const { current } = this.#task;
    const message = current?.kind === "edit" ? this.#room.acts.find(current.target) : undefined;
    const key = message && ("ref" in message ? message.ref : message.key);
    const row = key ? this.#list.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
    const marked = this.#list.querySelector(".editing");
    if (row === marked) return;
    marked?.classList.remove("editing");
    row?.classList.add("editing");
  }
}
