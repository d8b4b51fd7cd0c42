import { clip } from "../lib/cells.js";
import { asClock } from "../lib/duration.js";
import { cleanOutput, spans, withoutColours } from "../lib/sgr.js";
import { classesOf } from "../lib/sgr_classes.js";

/**
 * Live messages as the terminal client shows them: it is cli_client/live_lines.py anew; tests/terminal_vectors.json
 * holds for both.
 */

/** @typedef {import("../lib/terminal_text.js").Run} Run */
/** @typedef {import("./protocol.js").Live} Live */

/** @type {Record<string, string>} */
const SIGNS = { open: "▸", done: "✔", failed: "✘", lost: "◌" };
/** Lines that are shown of a command that has failed. */
const LAST_LINES = 3;

/**
 * @param {string} title
 * @param {Live} live
 * @param {import("../lib/terminal_words.js").TerminalWords} words
 * @returns {string} Title, duration and exit code behind a sign.
 */
export function standing(title, { state, seconds, code }, words) {
  const parts = [title];
  if (seconds !== undefined && state !== "open") parts.push(asClock(seconds));
  if (state === "failed" && code !== undefined) parts.push(words.t("live_code", { code }));
  if (state === "lost") parts.push(words.t("live_lost"));
  return `${SIGNS[state]} ${parts.join(", ")}`;
}

/**
 * @param {Live} live
 * @param {number} width  In cells.
 * @returns {Run[][]} The last lines of a command that has failed, in one row each.
 */
export function lastLines({ state, last = "" }, width) {
  if (state !== "failed") return [];
  const lines = cleanOutput(last).replace(/\n+$/, "").split("\n").slice(-LAST_LINES).filter(Boolean);
  return lines.map(line =>
    spans(cut(line, width)).map(([text, style]) => /** @type {Run} */ ([classesOf(style), text])),
  );
}

/** @param {string} line @param {number} width @returns {string} It whole, or its begin without colours. */
function cut(line, width) {
  return line.length <= width ? line : clip(withoutColours(line), width);
}
