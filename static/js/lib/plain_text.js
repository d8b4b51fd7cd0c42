/** @typedef {import("./markdown.js").Part} Part */

/** Opening and closing marks. The room may have cut off the closing ones. Not `*`: it often stands alone. */
const MARKS = /** @type {const} */ ([
  ["`", "`"],
  ["**", "**"],
  ["~~", "~~"],
  ["](", ")"],
]);

/**
 * @param {Part[]} parts
 * @returns {string} The text without its formatting, for reading aloud.
 */
export function plainText(parts) {
  return parts
    .map(part => {
      if (typeof part === "string") return part;
      if (part.kind === "list")
        return part.items.map(({ marker, parts }) => `\n${marker} ${plainText(parts)}`).join("");
      if (part.kind === "block") return `\n${part.text}\n`;
      if (part.kind === "quote") return `\n${plainText(part.parts)}\n`;
      return part.kind === "code" ? part.text : plainText(part.parts);
    })
    .join("");
}

/**
 * Remove the formatting of an excerpt; closing marks that were cut off are added first.
 * cli_client/plain_text.py is the same for the terminal, and tests/quote_vectors.json holds for both.
 * @param {string} excerpt  Of a message, in one line, cleaned.
 * @param {(text: string) => Part[]} parse
 * @returns {string} The excerpt as it is shown above an answer.
 */
export function quotedText(excerpt, parse) {
  const plain = (/** @type {string} */ text) =>
    plainText(parse(text))
      .replace(/```\S*\s*/gu, "")
      .replace(/\s+/gu, " ")
      .trim();
  const isCut = excerpt.endsWith("…");
  let text = excerpt;
  let shown = plain(text);
  for (const [opening, closing] of isCut ? MARKS : []) {
    const closed = plain(text + closing);
    if (closed.split(opening).length >= shown.split(opening).length) continue;
    text += closing;
    shown = closed;
  }
  return isCut && !shown.endsWith("…") ? `${shown}…` : shown || excerpt;
}
