import { make } from "./dom.js";
import { nameColours } from "./name_colours.js";

/** Made once, as that takes longer than to use it. @type {Intl.Segmenter | undefined} */
let segmenter;

/**
 * @param {string} name
 * @returns {string} Its first letter, whole even where it consists of several code points.
 */
export function initialOf(name) {
  const text = name.trim();
  // Firefox has Intl.Segmenter since 125; without it, the first code point must do.
  const [codePoint = ""] = text;
  if (!Intl.Segmenter) return codePoint.toLocaleUpperCase();
  segmenter ??= new Intl.Segmenter();
  const [first] = segmenter.segment(text);
  return first?.segment.toLocaleUpperCase() ?? "";
}

/**
 * Give an element the colour of a name, as `--person` for the style sheets.
 * @param {HTMLElement} element
 * @param {string} name
 */
export function setColour(element, name) {
  element.classList.add(`colour-${nameColours.of(name)}`);
}

/**
 * Make an element the avatar of a person: the colour and the initial of the name.
 * @param {HTMLElement} element
 * @param {string} name
 */
export function fillAvatar(element, name) {
  element.classList.add("avatar");
  setColour(element, name);
  element.textContent = initialOf(name);
}

/**
 * @param {string} name
 * @returns {HTMLElement} A new avatar, hidden from screen readers.
 */
export function makeAvatar(name) {
  const avatar = make("span", "");
  avatar.ariaHidden = "true";
  fillAvatar(avatar, name);
  return avatar;
}
