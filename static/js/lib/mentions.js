/** What calls everybody, as `mentions` of a message have it, and how it is typed. */
export const EVERYBODY = "all";
const TYPED = ["all", "все"];

/**
 * Find the names that are called in a text.
 * @param {string} text
 * @param {string[]} names  Who is called, as the room says.
 * @returns {{text: string, name: string}[]} Joined, their texts are the whole text; `name` is "" where none is called.
 */
export function splitMentions(text, names) {
  if (names.length === 0 || !text.includes("@")) return [{ text, name: "" }];
  /** @type {Map<string, string>} */
  const called = new Map();
  for (const name of names)
    for (const typed of name === EVERYBODY ? TYPED : [name]) called.set(keyOf(typed), name);
  // The longest one counts: `@Anna Maria` does not call Anna.
  const words = [...called.keys()].sort((one, other) => other.length - one.length).map(patternOf);
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{M}\\p{N}_])@(?:${words.join("|")})(?![\\p{L}\\p{M}\\p{N}_])`,
    "giu",
  );
  const pieces = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > done) pieces.push({ text: text.slice(done, index), name: "" });
    pieces.push({ text: found, name: called.get(keyOf(found.slice(1))) ?? found.slice(1) });
    done = index + found.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), name: "" });
  return pieces;
}

/**
 * @param {string[]} mentions  Of a message.
 * @param {string} self
 * @returns {boolean} Whether it calls this person.
 */
export function isCalled(mentions, self) {
  return mentions.some(name => name === EVERYBODY || name === self);
}

/** @param {string} name */
function keyOf(name) {
  return name.replace(/\s+/gu, " ").toLowerCase();
}

/** @param {string} name @returns {string} What matches it in a regular expression. */
function patternOf(name) {
  return name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replaceAll(" ", "\\s+");
}
