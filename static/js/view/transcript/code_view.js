import { copyText } from "../../lib/clipboard.js";
import { make } from "../../lib/dom.js";

/** @typedef {import("../../lib/i18n.js").I18n} I18n */

/** Milliseconds for which a button says that it has copied. */
const SAID = 2000;

/** What is longer is not coloured: it would take too long. In characters, of the code and of a line. */
const MAX_CODE = 3000;
const MAX_LINE = 200;

/** The languages that are coloured, by the names they are given. @type {Map<string, string>} */
const LANGUAGES = new Map(
  Object.entries({
    bash: "bash sh shell console",
    c: "c h",
    cpp: "cpp c++ cc hpp",
    css: "css",
    diff: "diff patch",
    go: "go golang",
    java: "java",
    javascript: "javascript js jsx mjs",
    json: "json jsonc",
    markup: "html xml svg",
    python: "python py python3",
    rust: "rust rs",
    sql: "sql",
    typescript: "typescript ts tsx",
    yaml: "yaml yml",
  }).flatMap(([language, names]) => names.split(" ").map(name => [name, language])),
);

/**
 * Make lines of code, with a button that copies them. Once the highlighter is loaded, they get their colours.
 * @param {import("../../lib/markdown.js").Block} block
 * @param {I18n} i18n
 * @returns {HTMLElement}
 */
export function makeCode({ language, text }, i18n) {
  const code = make("code", "", text);
  const lines = make("pre", "", code);
  lines.tabIndex = 0; // it may be too wide, and scrolls
  const head = make("div", "code-head", make("span", "code-language", language), makeCopy(text, i18n));
  const known = LANGUAGES.get(language.toLowerCase());
  if (known && text.length <= MAX_CODE && text.split("\n").every(line => line.length <= MAX_LINE))
    colour(code, text, known);
  return make("div", language ? "code-block" : "code-block unnamed", head, lines);
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 * @param {string} language
 */
async function colour(element, text, language) {
  const { highlight } = await import("../../lib/highlight.js").catch(() => ({ highlight: null }));
  if (!highlight) return; // the page is out of date, or offline
  const pieces = highlight(text, language);
  element.replaceChildren(
    ...pieces.map(piece => (piece.kind ? make("span", `code-${piece.kind}`, piece.text) : piece.text)),
  );
}

/**
 * @param {string} text
 * @param {I18n} i18n
 */
function makeCopy(text, i18n) {
  const copy = make("button", "code-copy", i18n.t("code.copy"));
  copy.tabIndex = -1; // the arrow keys lead to it: see permalinks.js
  copy.addEventListener("click", async () => {
    if (!(await copyText(text))) return;
    copy.textContent = i18n.t("code.copied");
    setTimeout(() => {
      copy.textContent = i18n.t("code.copy");
    }, SAID);
  });
  return copy;
}
