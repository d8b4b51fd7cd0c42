/**
 * The element of the page that has this id.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag  What it must be.
 * @param {string} id
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function byId(tag, id) {
  const element = document.querySelector(`${tag}#${id}`);
  if (!element) throw new Error(`the page has no <${tag} id="${id}">`);
  return /** @type {HTMLElementTagNameMap[Tag]} */ (element);
}

/**
 * The first descendant that has this class.
 *
 * @param {ParentNode} root
 * @param {string} className
 * @returns {HTMLElement}
 */
export function part(root, className) {
  const element = root.querySelector(`.${className}`);
  if (!(element instanceof HTMLElement)) throw new Error(`nothing here is .${className}`);
  return element;
}

/**
 * A new element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} children  Strings become text, never markup.
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * Put words where they are read aloud whenever they change: the same again are left alone.
 *
 * @param {HTMLElement} element
 * @param {string} words
 */
export function speak(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Words around what people wrote, each of these set apart: its direction of writing
 * ends where it ends.
 *
 * @param {import("./i18n.js").Words} words
 * @param {string} key
 * @param {Record<string, string>} values
 * @returns {(Node | string)[]}
 */
export function weave(words, key, values) {
  return words.pieces(key, values).map(({ text, name }) => (name ? make("bdi", "", text) : text));
}
