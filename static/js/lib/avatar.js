import { make } from "./dom.js";

/** Hues that names may have; the style sheet gives all of them one legible lightness. */
const HUES = 24;

/**
 * @param {string} name
 * @returns {number} The hue of this name in degrees: always the same, on every device.
 */
export function hueOf(name) {
  let hash = 2_166_136_261; // FNV-1a, 32 bits
  for (const char of name.toLowerCase()) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  }
  // The last letters have not reached all bits yet: mix them through (MurmurHash3's finish).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) % HUES) * (360 / HUES);
}

/**
 * @param {string} name
 * @returns {string} Its first letter, whole even where it consists of several code points.
 */
export function initialOf(name) {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase() ?? "";
}

/**
 * Give an element this person's colour, as `--person` for the style sheets.
 *
 * @param {HTMLElement} element
 * @param {string} name
 */
export function paintHue(element, name) {
  element.classList.add("person-hue");
  element.style.setProperty("--hue", String(hueOf(name)));
}

/**
 * Paint an element as this person's door: their colour and initial.
 *
 * @param {HTMLElement} door
 * @param {string} name
 */
export function paintDoor(door, name) {
  door.classList.add("person-door");
  paintHue(door, name);
  door.textContent = initialOf(name);
}

/**
 * @param {string} name
 * @returns {HTMLElement} A door of theirs.
 */
export function makeDoor(name) {
  const door = make("span", "");
  door.ariaHidden = "true";
  paintDoor(door, name);
  return door;
}
