import { withoutControls } from "./text.js";

/**
 * The colours in the output of a command: what chat_protocol/sgr.py does, for whom shows it. Each line begins
 * without colours. tests/sgr_vectors.json holds for both.
 *
 * A number of the palette of 256, or red, green and blue.
 * @typedef {number | [number, number, number]} Colour
 *
 * How a part of a line is shown; what is absent is as always.
 * @typedef {{foreground?: Colour, background?: Colour, bold?: boolean, dim?: boolean, italic?: boolean,
 *   underline?: boolean, blink?: boolean, inverse?: boolean, hidden?: boolean, strike?: boolean}} Style
 */

/** Longest parameters of one sequence, in characters. */
const MAX_PARAMETERS = 64;
const SGR = new RegExp(String.raw`\x1b\[([0-9;]{0,${MAX_PARAMETERS}})m`, "u");

/** Least and most of the parameters that are kept; 38 and 48 only with a colour. */
const KEPT = /** @type {const} */ ([
  [0, 9],
  [21, 29],
  [30, 37],
  [39, 47],
  [49, 49],
  [90, 107],
]);

/** What each parameter that is no colour changes. @type {Record<number, Style>} */
const CHANGES = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  5: { blink: true },
  6: { blink: true },
  7: { inverse: true },
  8: { hidden: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: undefined, dim: undefined },
  23: { italic: undefined },
  24: { underline: undefined },
  25: { blink: undefined },
  27: { inverse: undefined },
  28: { hidden: undefined },
  29: { strike: undefined },
  39: { foreground: undefined },
  49: { background: undefined },
};

/**
 * @param {string} text
 * @returns {string} The output of a command without all but printable characters, LF, tab and the colours.
 */
export function cleanOutput(text) {
  if (!text.includes("\x1b")) return withoutControls(text);
  return text
    .split(SGR)
    .map((part, index) => (index % 2 ? kept(part) : withoutControls(part)))
    .join("");
}

/**
 * @param {string} text  Cleaned output.
 * @returns {string} It without its colours.
 */
export function withoutColours(text) {
  return text.split(SGR).reduce((joined, part, index) => (index % 2 ? joined : joined + part), "");
}

/**
 * @param {string} line  Of cleaned output.
 * @returns {[string, Style][]} Its parts, each with its style; neighbours differ in it.
 */
export function spans(line) {
  if (!line.includes("\x1b")) return line ? [[line, {}]] : [];
  /** @type {[string, Style][]} */
  const found = [];
  /** @type {Style} */
  let style = {};
  for (const [index, part] of line.split(SGR).entries()) {
    const last = found.at(-1);
    if (index % 2) style = after(style, part);
    else if (part && last && isSame(last[1], style)) last[0] += part;
    else if (part) found.push([part, style]);
  }
  return found;
}

/** @param {string} parameters @returns {string} A sequence with those that are kept, "" if there are none. */
function kept(parameters) {
  const joined = split(parameters).flat().join(";");
  return joined && joined.length <= MAX_PARAMETERS ? `\x1b[${joined}m` : "";
}

/** @param {string} parameters @returns {number[][]} Those that are kept, a colour with all that belongs to it. */
function split(parameters) {
  const rest = parameters.split(";").map(Number);
  const found = [];
  for (let first = rest.shift(); first !== undefined; first = rest.shift()) {
    const number = first;
    if (KEPT.some(([least, most]) => least <= number && number <= most)) {
      found.push([number]);
    } else if ((number === 38 || number === 48) && rest.length) {
      const count = rest[0] === 5 ? 2 : rest[0] === 2 ? 4 : 0;
      const taken = rest.splice(0, count);
      if (count && taken.length === count && taken.every(each => each < 256)) found.push([number, ...taken]);
    }
  }
  return found;
}

/** @param {Style} style @param {string} parameters @returns {Style} The style behind a sequence. */
function after(style, parameters) {
  let changed = style;
  for (const [number = 0, kind, first = 0, second = 0, third = 0] of split(parameters)) {
    const ground = number < 40 || (number >= 90 && number < 100) ? "foreground" : "background";
    if (number === 0) changed = {};
    else if (kind) changed = { ...changed, [ground]: kind === 5 ? first : [first, second, third] };
    else if (number in CHANGES) changed = { ...changed, ...CHANGES[number] };
    else if (number >= 30) changed = { ...changed, [ground]: (number % 10) + (number >= 90 ? 8 : 0) };
  }
  return changed;
}

/** @param {Style} one @param {Style} other */
function isSame(one, other) {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
}
