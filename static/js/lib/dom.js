/**
 * Find the element of the page that has this id.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag  The tag it must have.
 * @param {string} id
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function byId(tag, id) {
  const element = document.querySelector(`${tag}#${id}`);
  if (!element) throw new Error(`the page has no <${tag} id="${id}">`);
  return /** @type {HTMLElementTagNameMap[Tag]} */ (element);
}

/**
 * Find the first descendant that has this class.
 * @param {ParentNode} root
 * @param {string} className
 * @returns {HTMLElement}
 */
export function byClass(root, className) {
  const element = root.querySelector(`.${className}`);
  if (!(element instanceof HTMLElement)) throw new Error(`no element with class "${className}" here`);
  return element;
}

/**
 * Make a new element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} children  Strings become text nodes, never markup.
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * Set the text of a live region. The same text again is left alone: it would be read aloud again.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setLiveText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {number} id
 * @returns {string} The address of a message, relative to the page's. Not a fragment alone: a page that begins
 *   with such a link seems to offer screen readers a way past what is repeated on every page.
 */
export function permalink(id) {
  return `./${location.search}#${id}`;
}

/**
 * Translate a key, with each value in a `<bdi>`: values come from other people, and their
 * direction of writing must not affect the text around them.
 * @param {import("./i18n.js").I18n} i18n
 * @param {string} key
 * @param {Record<string, string | (Node | string)[]>} values  Arrays are taken as they are.
 * @returns {(Node | string)[]}
 */
export function textWithBdi(i18n, key, values) {
  return i18n.parts(key, {}).flatMap(({ text, name }) => {
    const value = values[name] ?? text;
    return name && typeof value === "string" ? make("bdi", "", value) : value;
  });
}
