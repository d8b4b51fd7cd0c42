/** @typedef {import("./sgr.js").Colour} Colour */
/** @typedef {import("./sgr.js").Style} Style */

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
 * @param {Style} style  Of a part of a command's output.
 * @returns {string} What the style sheet calls it (live.css), "" if it is as always.
 */
export function classesOf(style) {
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
