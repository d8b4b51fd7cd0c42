/**
 * Validators for untrusted values: from the room, or from an earlier page in the store.
 *
 * A shape takes any value and returns what may be used of it, or undefined if it does not fit.
 * @typedef {(value: unknown) => any} Shape
 * @typedef {Record<string, Shape>} Fields
 */

/** The largest number that a message can have. */
const MAX_ID = 2 ** 53;

/** @type {Shape} */
export const string = value => (typeof value === "string" ? value : undefined);

/** @type {Shape} */
export const boolean = value => (typeof value === "boolean" ? value : undefined);

/** The number of a message, or 0 for none. @type {Shape} */
export const messageId = value =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_ID ? value : undefined;

/** A date and time, RFC 3339; "" for one that cannot be read. @type {Shape} */
export const timestamp = value =>
  typeof value === "string" && Number.isNaN(Date.parse(value)) ? "" : string(value);

/**
 * @param {number} length  Characters.
 * @returns {Shape}  A string that is not longer.
 */
export function maxLength(length) {
  return value => (typeof value === "string" && value.length <= length ? value : undefined);
}

/**
 * @param {number} length  Characters.
 * @returns {Shape}  A string, cut where it is longer.
 */
export function truncated(length) {
  return value => string(value)?.slice(0, length);
}

/**
 * @param {string[]} values
 * @returns {Shape}
 */
export function oneOf(...values) {
  return value => values.find(each => each === value);
}

/**
 * @param {number} least
 * @param {number} most
 * @returns {Shape}  A number; one outside the range becomes the nearest inside.
 */
export function clamped(least, most) {
  return value => (typeof value === "number" ? Math.min(Math.max(value, least), most) : undefined);
}

/**
 * @param {Shape} shape
 * @returns {Shape}
 */
export function nullable(shape) {
  return value => (value === null ? null : shape(value));
}

/**
 * @param {Shape} shape
 * @returns {Shape}  An array, without the elements that do not have that shape.
 */
export function arrayOf(shape) {
  return value =>
    Array.isArray(value) ? value.map(each => shape(each)).filter(each => each !== undefined) : undefined;
}

/**
 * @param {Fields} required
 * @param {Fields} optional  May be absent or null, but must otherwise fit too.
 * @returns {Shape}  An object with these fields and no others.
 */
export function object(required, optional = {}) {
  const fields = Object.entries({ ...required, ...optional });
  return value => {
    if (typeof value !== "object" || value === null) return undefined;
    const given = new Map(Object.entries(value));
    /** @type {Record<string, unknown>} */
    const read = {};
    for (const [name, shape] of fields) {
      const field = given.get(name);
      if (name in optional && (field ?? null) === null) continue;
      read[name] = shape(field);
      if (read[name] === undefined) return undefined;
    }
    return read;
  };
}
