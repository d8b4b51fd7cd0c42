import { make } from "./dom.js";

/** Number of hues; the style sheet gives all of them the same legible lightness. */
const HUES = 24;

/** Made once, as that takes longer than to use it. @type {Intl.Segmenter | undefined} */
let segmenter;

/**
 * @param {string} name
 * @returns {number} The hue of this name in degrees, the same on every device.
 */
export function hueOf(name) {
  let hash = 2_166_136_261; // FNV-1a, 32 bits
  for (const char of name.toLowerCase()) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  }
  // FNV-1a leaves the last letters in few bits: spread them (MurmurHash3's finalizer).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) % HUES) * (360 / HUES);
}

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
export function setHue(element, name) {
  element.classList.add("person-hue");
  element.style.setProperty("--hue", String(hueOf(name)));
}

/**
 * Make an element the avatar of a person: the colour and the initial of the name.
 * @param {HTMLElement} element
 * @param {string} name
 */
export function fillAvatar(element, name) {
  element.classList.add("avatar");
  setHue(element, name);
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
