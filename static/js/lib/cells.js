/**
 * Text measured in the cells of a terminal, and wrapped to its width: cli_client/wrapping.py is the same for the
 * terminal client, and tests/terminal_vectors.json holds for both.
 */

const ASCII = /^[ -~]*$/;
/** What takes two cells: East Asian wide characters, and emoji. */
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|^\p{Extended_Pictographic}\ufe0f/u;
/** What takes none. */
const NARROWEST = /^[\p{M}\p{Cf}]/u;
const WORD = /( *)([^ ]+)/g;
/** Code points of a grapheme that terminals can be expected to show as one. */
const MAX_CLUSTER = 16;
const TAB = 4;

/** Firefox has it since 125. @type {Intl.Segmenter | null} */
const segmenter = Intl.Segmenter ? new Intl.Segmenter() : null;

/**
 * @param {string} text  One line.
 * @returns {number} Its width in cells.
 */
export function cellWidth(text) {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const segment of graphemes(text)) width += widthOf(segment);
  return width;
}

/**
 * @param {string} text  One line.
 * @param {number} width
 * @returns {string} Its beginning, at most so many cells of it.
 */
export function clip(text, width) {
  let free = width;
  let out = "";
  for (const segment of graphemes(text.slice(0, 8 * width))) {
    free -= widthOf(segment);
    if (free < 0) break;
    out += segment;
  }
  return out;
}

/**
 * Wrap a text at spaces, and inside words longer than a line; web addresses are kept whole.
 * @param {string} text   Cleaned.
 * @param {number} width  Most cells of a line.
 * @param {number} first  By how many cells the first one is shorter; at least two cells must be left.
 * @returns {string[]}
 */
export function wrap(text, width, first = 0) {
  return text
    .split("\n")
    .flatMap((line, index) => wrapLine(expandTabs(line).trimEnd(), width, index === 0 ? first : 0));
}

/**
 * @param {string} line
 * @param {number} width
 * @returns {string[]} The line in pieces of at most so many cells, spaces and all.
 */
export function chop(line, width) {
  return splitWord(clusters(line, width), width, width);
}

/** @param {string} line @returns {string} */
export function expandTabs(line) {
  if (!line.includes("\t")) return line;
  let column = 0;
  return [...line]
    .map(char => {
      const shown = char === "\t" ? " ".repeat(TAB - (column % TAB)) : char;
      column += shown === char ? 1 : shown.length;
      return shown;
    })
    .join("");
}

/**
 * @param {string} text
 * @param {number} width
 * @param {number} first
 */
function wrapLine(text, width, first) {
  /** @type {string[]} */
  const lines = [];
  let [line, used, limit] = ["", 0, width - first];
  for (const [, spaces = "", word = ""] of text.matchAll(WORD)) {
    const cells = wordWidth(word, width);
    const free = limit - used - spaces.length;
    if (cells <= free) {
      line += spaces + word;
      used += spaces.length + cells;
      continue;
    }
    const isWhole = cells <= limit || word.includes("://");
    const pieces = isWhole ? ["", word] : splitWord(clusters(word, width), free, width);
    const begun = pieces[0] ? line + spaces + pieces[0] : line;
    if (begun || limit < Math.min(cells, width)) {
      lines.push(begun.trimEnd());
      limit = width;
    }
    lines.push(...pieces.slice(1, -1));
    line = pieces.at(-1) ?? "";
    used = wordWidth(line, width);
  }
  return [...lines, line];
}

/**
 * @param {string} word
 * @param {number} width
 */
function wordWidth(word, width) {
  if (ASCII.test(word)) return word.length;
  return [...clusters(word, width)].reduce((sum, [, cells]) => sum + cells, 0);
}

/**
 * @param {Iterable<[string, number]>} parts
 * @param {number} space  Cells of the first piece.
 * @param {number} width  Those of the others.
 */
function splitWord(parts, space, width) {
  const pieces = [""];
  let free = space;
  for (const [cluster, cells] of parts) {
    if (cells > free) {
      pieces.push("");
      free = width;
    }
    pieces[pieces.length - 1] += cluster;
    free -= cells;
  }
  return pieces;
}

/**
 * @param {string} word
 * @param {number} width
 * @returns {Iterable<[string, number]>} The parts that must not be split, each with its width.
 */
function* clusters(word, width) {
  for (const segment of graphemes(word)) {
    const cells = widthOf(segment);
    const chars = [...segment];
    if (cells <= width && chars.length <= MAX_CLUSTER) yield [segment, cells];
    else for (const char of chars) yield [char, widthOf(char) ? 2 : 0];
  }
}

/** @param {string} text @returns {Iterable<string>} What people see as characters; without a segmenter, code points. */
function* graphemes(text) {
  if (!segmenter) yield* text;
  else for (const { segment } of segmenter.segment(text)) yield segment;
}

/** @param {string} cluster @returns {number} */
function widthOf(cluster) {
  if (ASCII.test(cluster)) return cluster.length;
  if (WIDE.test(cluster)) return 2;
  return NARROWEST.test(cluster) ? 0 : 1;
}
