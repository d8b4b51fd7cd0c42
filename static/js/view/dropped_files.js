/** @typedef {import("../lib/i18n.js").I18n} I18n */
/** @typedef {import("./toast.js").Toast} Toast */

/** Says that files cannot be sent: a browser would leave the page for a dropped one, or ignore a pasted one. */
export class DroppedFiles {
  /**
   * @param {I18n} i18n
   * @param {Toast} toast
   */
  constructor(i18n, toast) {
    const refuse = (/** @type {Event} */ event, /** @type {DataTransfer | null} */ data) => {
      if (!data?.types.includes("Files")) return;
      // What office programs copy has a picture of the text beside it.
      if (event.type === "paste" && data.types.includes("text/plain")) return;
      event.preventDefault();
      if (event.type !== "dragover") toast.show(i18n.t("files.refused"));
    };
    document.addEventListener("dragover", event => refuse(event, event.dataTransfer));
    document.addEventListener("drop", event => refuse(event, event.dataTransfer));
    document.addEventListener("paste", event => refuse(event, event.clipboardData));
  }
}
