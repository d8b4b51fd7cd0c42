import { make } from "../../lib/dom.js";
import { cleanOutput, spans } from "../../lib/sgr.js";
import { classesOf } from "../../lib/sgr_classes.js";

/** @typedef {import("../../model/live_body.js").Part} Part */
/** @typedef {import("../../model/live_body.js").Parts} Parts */

/** Most parts in a group: what is out of view costs the browser something for each group, in every frame. */
const GROUP_PARTS = 32;

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
