import { report } from "../lib/report.js";
import { qrCode } from "../model/qr_code.js";

const SVG = "http://www.w3.org/2000/svg";
/** Light modules around a QR code, without which scanners do not find it (ISO/IEC 18004). */
const MARGIN = 4;

/**
 * Show the QR code of a text, unless another one is wanted for the element meanwhile. Without an answer of the
 * gateway it stays empty: what the code says stands beside it.
 * @param {HTMLElement} element
 * @param {string} text
 */
export async function drawQrCode(element, text) {
  element.replaceChildren();
  wanted.set(element, text);
  try {
    const rows = await qrCode(text);
    if (wanted.get(element) === text) element.replaceChildren(picture(rows));
  } catch (error) {
    report(error);
  }
}

/** Show none, nor one that is still asked for. @param {HTMLElement} element */
export function removeQrCode(element) {
  element.replaceChildren();
  wanted.delete(element);
}

/** What the code in an element is to say. @type {WeakMap<HTMLElement, string>} */
const wanted = new WeakMap();

/**
 * @param {string[]} rows  Of a QR code: "1" is a dark module.
 * @returns {SVGElement}
 */
function picture(rows) {
  const size = rows.length + 2 * MARGIN;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  const modules = rows.flatMap((row, y) =>
    [...row].map((module, x) => (module === "1" ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : "")),
  );
  path.setAttribute("d", modules.join(""));
  svg.append(path);
  return svg;
}
