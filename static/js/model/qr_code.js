import { arrayOf, object, string } from "../lib/shape.js";

const ANSWER = object({ rows: arrayOf(string) });

/**
 * @param {string} text
 * @returns {Promise<string[]>} The rows of its QR code, without the margin: "1" is a dark module. Rejects if the
 *   gateway makes none.
 */
export async function qrCode(text) {
  const answer = await fetch("qr", { method: "POST", body: text });
  const code = answer.ok ? ANSWER(await answer.json()) : null;
  if (!code) throw new Error(`the gateway makes no QR code: ${answer.status}`);
  return code.rows;
}
