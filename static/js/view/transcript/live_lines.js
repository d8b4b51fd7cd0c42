import { make } from "../../lib/dom.js";
import { cleanOutput, spans } from "../../lib/sgr.js";

/** @typedef {import("../../lib/sgr.js").Colour} Colour */
/** @typedef {import("../../lib/sgr.js").Style} Style */
/** @typedef {import("../../model/live_body.js").Part} Part */
/** @typedef {import("../../model/live_body.js").Parts} Parts */

/** Most parts in a group: what is out of view costs the browser something for each group, in every frame. */
const GROUP_PARTS = 32;

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

/**
 * Some parts that follow each other, in an element of their own.
 * @typedef {{element: HTMLElement, of: Parts | null, state: string, shown: Map<Part, {element: HTMLElement, version: number}>}} Group
 */

/** Shows a body in an element; only what has changed is made anew. */
export class PartsView {
  #root;
  /** By what they are of and their number there. @type {Map<string, Group>} */
  #groups = new Map();
  #gap = make("span", "live-gap");
  #tail = make("span", "live-part");
  #tailText = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  clear() {
    this.#groups.clear();
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
    const text = leftOut ? i18n.t("live.left_out", { count: Math.ceil(leftOut / 1024) }) : "";
    if (this.#gap.textContent !== text) this.#gap.textContent = text;
    if (tail !== this.#tailText) this.#tail.replaceChildren(...makePart(tail));
    this.#tailText = tail;
    /** @type {Map<string, Group>} */
    const groups = new Map();
    put(this.#root, [
      ...this.#drawParts("first", first, groups),
      ...(leftOut ? [this.#gap] : []),
      ...(last ? this.#drawParts("last", last, groups) : []),
      ...(tail ? [this.#tail] : []),
    ]);
    this.#groups = groups;
  }

  /**
   * @param {string} name
   * @param {Parts} parts
   * @param {Map<string, Group>} groups  Those that are shown are added.
   * @returns {HTMLElement[]}
   */
  #drawParts(name, parts, groups) {
    const { list } = parts;
    const elements = [];
    for (let start = 0; start < list.length; ) {
      const number = Math.floor((list[start]?.key ?? 0) / GROUP_PARTS);
      const stop = Math.min(list.length, start + (number + 1) * GROUP_PARTS - (list[start]?.key ?? 0));
      const key = `${name} ${number}`;
      const group = this.#groups.get(key) ?? newGroup();
      groups.set(key, group);
      drawGroup(group, parts, list.slice(start, stop));
      elements.push(group.element);
      start = stop;
    }
    return elements;
  }
}

/** @returns {Group} */
function newGroup() {
  return { element: make("span", "live-parts"), of: null, state: "", shown: new Map() };
}

/**
 * @param {Group} group
 * @param {Parts} parts
 * @param {Part[]} list  Some of these, of which only the first and the last may have changed.
 */
function drawGroup(group, parts, list) {
  const [first, last] = [list[0], list.at(-1)];
  const state = [first?.key, first?.version, last?.key, last?.version].join(" ");
  if (group.of === parts && group.state === state) return;
  const shown = new Map();
  for (const part of list) {
    const known = group.shown.get(part);
    const element = known?.element ?? make("span", "live-part");
    if (known?.version !== part.version) element.replaceChildren(...makePart(part.text));
    shown.set(part, { element, version: part.version });
  }
  Object.assign(group, { of: parts, state, shown });
  group.element.style.setProperty("--lines", String(list.reduce((sum, part) => sum + part.lines, 0)));
  put(
    group.element,
    [...shown.values()].map(({ element }) => element),
  );
}

/**
 * Have these elements in another one, and no others.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} elements
 */
function put(parent, elements) {
  const wanted = new Set(elements);
  for (const child of [...parent.children])
    if (!wanted.has(/** @type {HTMLElement} */ (child))) child.remove();
  let next = parent.firstChild;
  for (const element of elements) {
    if (element === next) next = element.nextSibling;
    else parent.insertBefore(element, next);
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
