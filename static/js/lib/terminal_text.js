import { cellWidth, chop, expandTabs, wrap } from "./cells.js";

/** A formatted text in lines for a terminal: cli_client/formatting.py is the same for the terminal client. */

/** @typedef {import("./markdown.js").Part} Part */
/** A piece of a line: its styles, separated by spaces, and its text. @typedef {[string, string]} Run */

const STYLES = { bold: "bold", italic: "italic", struck: "strike" };
const BAR = "│ ";
/** Of code. */
const INDENT = "  ";
/** Cells of a text beside a bar or a marker; in less room there is none. */
const LEAST = 12;

/**
 * @param {string} text   Cleaned.
 * @param {number} width  Most cells of a line.
 * @param {number} first  By how many cells the first one is shorter.
 * @param {string} style
 * @param {(text: string) => Part[]} parse  That of markdown.js.
 * @returns {Run[][]} Lines; the first one is empty if there is no room beside what stands there.
 */
export function layOutText(text, width, first, style, parse) {
  const parts = parse(text);
  if (parts.length === 1 && parts[0] === text) return wrap(text, width, first).map(line => [[style, line]]);
  return layOut(parts, width, first, style);
}

/**
 * Wrap text in several styles.
 * @param {Run[]} runs
 * @param {number} width
 * @param {number} first
 * @returns {Run[][]}
 */
export function wrapRuns(runs, width, first) {
  const pieces = runs.map(([style, text]) => /** @type {Run} */ ([style, text.replaceAll("\t", "    ")]));
  const whole = pieces.map(([, text]) => text).join("");
  let at = 0; // in `whole`; only white space is left out between two lines
  let begin = 0; // where the present run begins
  let index = 0;
  return wrap(whole, width, first).map(line => {
    at = whole.indexOf(line, at);
    const end = at + line.length;
    /** @type {Run[]} */
    const out = [];
    while (at < end) {
      const [style = "", text = ""] = pieces[index] ?? [];
      if (begin + text.length <= at) {
        begin += text.length;
        index += 1;
        continue;
      }
      const piece = text.slice(at - begin, end - begin);
      out.push([style, piece]);
      at += piece.length;
    }
    return out;
  });
}

/**
 * @param {Run[]} line
 * @param {number} at
 * @returns {[Run[], Run[]]} What stands before this character, without the space at its end, and the rest.
 */
export function splitLine(line, at) {
  let rest = at;
  for (const [index, [style, text]] of line.entries()) {
    if (rest <= text.length)
      return [
        [...line.slice(0, index), [style, text.slice(0, rest).trimEnd()]],
        [[style, text.slice(rest)], ...line.slice(index + 1)],
      ];
    rest -= text.length;
  }
  return [line, []];
}

/**
 * @param {Part[]} parts
 * @param {number} width
 * @param {number} first
 * @param {string} style
 * @returns {Run[][]}
 */
function layOut(parts, width, first, style) {
  /** @type {Run[][]} */
  const lines = [];
  /** @type {Part[]} */
  let group = [];
  const end = () => {
    if (group.length) {
      const runs = group.flatMap(part => runsOf(part, style));
      lines.push(...wrapRuns(runs, width, lines.length ? 0 : first));
    }
    group = [];
  };
  for (const part of parts) {
    if (!isBlock(part)) {
      group.push(part);
      continue;
    }
    end();
    if (first && lines.length === 0) lines.push([]);
    lines.push(...blockOf(part, width, style));
  }
  end();
  return lines;
}

/** @param {Part} part @returns {part is Extract<Part, {kind: "block" | "list" | "quote"}>} */
function isBlock(part) {
  return typeof part !== "string" && ["block", "list", "quote"].includes(part.kind);
}

/**
 * @param {Extract<Part, {kind: "block" | "list" | "quote"}>} part
 * @param {number} width
 * @param {string} style
 * @returns {Run[][]}
 */
function blockOf(part, width, style) {
  const frame = `${style} class:dim`;
  if (part.kind === "block") {
    const code = part.text
      .split("\n")
      .flatMap(line => chop(expandTabs(line), width - INDENT.length))
      .map(
        piece =>
          /** @type {Run[]} */ ([
            ["", INDENT],
            [`${style} class:code`, piece],
          ]),
      );
    return [[[frame, (chop(`┌── ${part.language}`, width)[0] ?? "").trimEnd()]], ...code, [[frame, "└──"]]];
  }
  if (part.kind === "quote") return beside(BAR, BAR, part.parts, width, style);
  const widest = Math.max(...part.items.map(({ marker }) => cellWidth(marker)));
  return part.items.flatMap(({ marker, parts }) =>
    beside(`${marker.padStart(widest)} `, " ".repeat(widest + 1), parts, width, style),
  );
}

/**
 * @param {string} head     Stands before the first line.
 * @param {string} further  Stands before the others, and is as wide.
 * @param {Part[]} parts
 * @param {number} width
 * @param {string} style
 * @returns {Run[][]}
 */
function beside(head, further, parts, width, style) {
  if (width - head.length < LEAST) return layOut([head.trimStart(), ...parts], width, 0, style);
  const lines = layOut(parts, width - head.length, 0, style);
  return (lines.length ? lines : [[]]).map((line, index) => [
    [`${style} class:dim`, index ? further : head],
    ...line,
  ]);
}

/**
 * @param {Part} part  Within a line.
 * @param {string} style
 * @returns {Run[]}
 */
function runsOf(part, style) {
  if (typeof part === "string") return [[style, part]];
  switch (part.kind) {
    case "code":
      return [[`${style} class:code`, `\`${part.text}\``]];
    case "link": {
      const words = part.parts.flatMap(inner => runsOf(inner, `${style} underline`));
      const label = words
        .map(([, text]) => text)
        .join("")
        .trim();
      return label === part.target ? words : [...words, [`${style} class:dim`, ` (${part.target})`]];
    }
    case "bold":
    case "italic":
    case "struck":
      return part.parts.flatMap(inner => runsOf(inner, `${style} ${STYLES[part.kind]}`));
    default:
      return [];
  }
}
