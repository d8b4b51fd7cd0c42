/** Number of colours; the style sheet has them, and docs/protocol.md. */
const COLOURS = 12;
/** To the next colour, if one is taken: far from it, and after 12 steps all have been tried. */
const STEP = 5;

/**
 * @param {string} name
 * @returns {number} The colour that this name takes if it is free, the same on every device.
 */
export function preferredColour(name) {
  let hash = 2_166_136_261; // FNV-1a, 32 bits
  for (const char of name.toLowerCase()) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  }
  // FNV-1a leaves the last letters in few bits: spread them (MurmurHash3's finalizer).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

/** Which of the colours a name has: those who are present have different ones as long as there are enough. */
export class NameColours {
  /** Kept until the page is closed: nobody changes colour. @type {Map<string, number>} */
  #given = new Map();
  /** How many names have each colour. */
  #used = new Array(COLOURS).fill(0);
  /** How many of those who are present have each. */
  #present = new Array(COLOURS).fill(0);

  /** @param {string[]} names  Everybody who is present. */
  meet(names) {
    this.#present.fill(0);
    for (const name of names) {
      const known = this.#given.get(name.toLowerCase());
      if (known !== undefined) this.#present[known] += 1;
    }
    for (const name of names) if (!this.#given.has(name.toLowerCase())) this.#present[this.of(name)] += 1;
  }

  /** @param {string} name @returns {number} */
  of(name) {
    const key = name.toLowerCase();
    const known = this.#given.get(key);
    if (known !== undefined) return known;
    const colour = this.#choose(preferredColour(name));
    this.#given.set(key, colour);
    this.#used[colour] += 1;
    return colour;
  }

  /** @param {number} preferred */
  #choose(preferred) {
    for (const taken of [this.#used, this.#present]) {
      for (let step = 0; step < COLOURS; step += 1) {
        const colour = (preferred + step * STEP) % COLOURS;
        if (taken[colour] === 0) return colour;
      }
    }
    return preferred;
  }
}

/** Those of this page. */
export const nameColours = new NameColours();
