import { byId } from "../../lib/dom.js";
import { report } from "../../lib/report.js";

/** Loads what shows live messages when there is one. Until then, and if that fails, they are their titles. */
export class LiveLoader {
  /** Whether it is being loaded, is there, or could not be loaded over this connection. */
  #asked = false;

  /**
   * @param {import("../../model/room.js").Room} room
   * @param {import("./transcript.js").Transcript} transcript
   * @param {import("../../lib/i18n.js").I18n} i18n
   * @param {() => Promise<typeof import("./live_view.js")>} load
   */
  constructor(room, transcript, i18n, load) {
    const list = byId("ol", "messages");
    let isThere = false;
    room.entered.on(() => {
      this.#asked = isThere;
    });
    transcript.updated.on(async () => {
      if (this.#asked || !list.querySelector(".live")) return;
      this.#asked = true;
      try {
        const { LiveView } = await load();
        if (isThere) return;
        isThere = true;
        new LiveView(room, transcript, i18n);
      } catch (error) {
        report(error);
      }
    });
  }
}
