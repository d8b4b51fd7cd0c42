import { make } from "../../lib/dom.js";
import { cleanOutput, spans } from "../../lib/sgr.js";

/** @typedef {import("../../lib/sgr.js").Colour} Colour */
/** @typedef {import("../../lib/sgr.js").Style} Style */
/** @typedef {import("../../model/live_body.js").Part} Part */

/** The 16 colours as terminals have them, to which others are the nearest. @type {[number, number, number][]} */
const BASE = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];
const FLAGS = /** @type {const} */ (["bold", "dim", "italic", "underline", "inverse", "hidden", "strike"]);

/**
 * @param {string[]} lines  Of cleaned output.
 * @returns {(Node | string)[]} What shows them: text, and an element for each part that looks special.
 */
export function makeLines(lines) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let plain = ""; // of many lines without colours: one text is cheaper than many
  for (const [index, line] of lines.entries()) {
    if (index) plain += "\n";
    for (const [text, style] of spans(line)) {
      const classes = classesOf(style);
      if (!classes) {
        plain += text;
        continue;
      }
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(make("span", classes, text));
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

/** Shows a body in an element; only what has changed is made anew. */
export class PartsView {
  #root;
  /** The element of each part, and which version of it. @type {Map<Part, {element: HTMLElement, version: number}>} */
  #shown = new Map();
  #gap = make("span", "live-gap");
  #tail = make("span", "live-part");
  #tailText = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  clear() {
    this.#shown.clear();
    this.#root.replaceChildren();
    this.#tailText = "";
    this.#tail.replaceChildren();
  }

  /**
   * @param {import("../../model/live_body.js").LiveBody} body
   * @param {import("../../lib/i18n.js").I18n} i18n
   */
  draw(body, i18n) {
    const { first, last, leftOut, tail } = body;
    const parts = new Set([...first.list, ...(last?.list ?? [])]);
    for (const [part, { element }] of this.#shown) {
      if (parts.has(part)) continue;
      element.remove();
      this.#shown.delete(part);
    }
    const text = leftOut ? i18n.t("live.left_out", { count: Math.ceil(leftOut / 1024) }) : "";
    if (this.#gap.textContent !== text) this.#gap.textContent = text;
    if (tail !== this.#tailText) this.#tail.replaceChildren(...makePart(tail));
    this.#tailText = tail;
    const elements = [
      ...first.list.map(part => this.#elementOf(part)),
      ...(leftOut ? [this.#gap] : []),
      ...(last?.list ?? []).map(part => this.#elementOf(part)),
      ...(tail ? [this.#tail] : []),
    ];
    let next = this.#root.firstChild;
    for (const element of elements) {
      if (element === next) next = element.nextSibling;
      else this.#root.insertBefore(element, next);
    }
    while (next) {
      const following = next.nextSibling;
      next.remove();
      next = following;
    }
  }

  /** @param {Part} part */
  #elementOf(part) {
    const known = this.#shown.get(part);
    const element = known?.element ?? make("span", "live-part");
    if (known?.version !== part.version) {
      element.replaceChildren(...makePart(part.text));
      this.#shown.set(part, { element, version: part.version });
    }
    return element;
  }
}

/** @param {string} text */
function makePart(text) {
  return makeLines(cleanOutput(text).replace(/\n$/, "").split("\n"));
}

/** @param {Style} style @returns {string} */
function classesOf(style) {
  const classes = FLAGS.filter(flag => style[flag]).map(flag => `sgr-${flag}`);
  const { foreground, background } = style;
  if (foreground !== undefined) classes.push(`sgr-f${nearest(foreground)}`);
  if (background !== undefined) classes.push(`sgr-b${nearest(background)}`);
  return classes.join(" ");
}

/**
 * @param {Colour} colour
 * @returns {number} The nearest of the 16 colours: these are legible on the page's sheet, any colour need not be.
 */
function nearest(colour) {
  if (typeof colour === "number" && colour < 16) return colour;
  const wanted = typeof colour === "number" ? paletteColour(colour) : colour;
  const distances = BASE.map(base =>
    base.reduce((sum, each, index) => sum + (each - (wanted[index] ?? 0)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

/** @param {number} number  From 16 to 255: a cube of 216 colours, and greys. @returns {[number, number, number]} */
function paletteColour(number) {
  if (number >= 232) {
    const grey = 8 + 10 * (number - 232);
    return [grey, grey, grey];
  }
  const level = (/** @type {number} */ step) => (step ? 55 + 40 * step : 0);
  const place = number - 16;
  return [level(Math.floor(place / 36)), level(Math.floor(place / 6) % 6), level(place % 6)];
}
