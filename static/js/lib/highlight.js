import { languages, tokenize } from "../../vendor/prism/prism.js";

/** Loaded with the first code that names its language: see view/transcript/code_view.js. */

/**
 * A part of a code; `kind` is "" if it is no special one.
 * @typedef {{kind: string, text: string}} Piece
 */

/** Which types of the library look how. @type {Map<string, string>} */
const KINDS = new Map(
  Object.entries({
    comment: "comment prolog doctype cdata hashbang shebang coord",
    string:
      "string char regex attr-value url triple-quoted-string template-string string-interpolation raw-string inserted-sign inserted",
    number: "number boolean constant symbol null datetime variable parameter deleted-sign deleted",
    keyword: "keyword atrule rule important tag selector directive macro module-declaration",
    name: "function class-name builtin decorator annotation attr-name property key function-definition method",
  }).flatMap(([kind, types]) => types.split(" ").map(type => [type, kind])),
);

/**
 * @param {string} code
 * @param {string} language  As the library calls it.
 * @returns {Piece[]} Joined, their texts are the code.
 */
export function highlight(code, language) {
  /** @type {Piece[]} */
  const pieces = [];
  const add = (/** @type {string} */ text, /** @type {string} */ kind) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  const walk = (/** @type {import("../../vendor/prism/prism.js").Token["content"]} */ content, kind = "") => {
    if (typeof content === "string") {
      add(content, kind);
    } else if (Array.isArray(content)) {
      for (const each of content) walk(each, kind);
    } else {
      const aliases = [content.alias ?? []].flat();
      const known = [content.type, ...aliases].map(type => KINDS.get(type)).find(Boolean);
      walk(content.content, content.type === "interpolation" ? "" : (known ?? kind));
    }
  };
  const grammar = languages[language];
  walk(grammar ? tokenize(code, grammar) : code);
  return pieces;
}
