/**
 * What a value must look like that others wrote: the room, or an earlier page into the store.
 *
 * A shape reads a value of which nothing is known: it returns what may be used of it, or
 * undefined if it is something else.
 *
 * @typedef {(value: unknown) => any} Shape
 * @typedef {Record<string, Shape>} Fields
 */

/** The greatest number that a message can have. */
const LAST = 2 ** 53;

/** @type {Shape} */
export const string = value => (typeof value === "string" ? value : undefined);

/** @type {Shape} */
export const flag = value => (typeof value === "boolean" ? value : undefined);

/** The number of a message, or 0 for none. @type {Shape} */
export const number = value =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LAST ? value : undefined;

/** A moment, RFC 3339; "" for one that cannot be read. @type {Shape} */
export const moment = value =>
  typeof value === "string" && Number.isNaN(Date.parse(value)) ? "" : string(value);

/**
 * @param {number} longest  Characters.
 * @returns {Shape}
 */
export function upTo(longest) {
  return value => (typeof value === "string" && value.length <= longest ? value : undefined);
}

/**
 * @param {number} longest  Characters; what is behind them is left out.
 * @returns {Shape}
 */
export function cut(longest) {
  return value => string(value)?.slice(0, longest);
}

/**
 * @param {string[]} words
 * @returns {Shape}
 */
export function oneOf(...words) {
  return value => words.find(word => word === value);
}

/**
 * @param {number} least
 * @param {number} most
 * @returns {Shape}  A number; one outside becomes the nearest inside.
 */
export function clamped(least, most) {
  return value => (typeof value === "number" ? Math.min(Math.max(value, least), most) : undefined);
}

/**
 * @param {Shape} shape
 * @returns {Shape}
 */
export function orNull(shape) {
  return value => (value === null ? null : shape(value));
}

/**
 * @param {Shape} shape
 * @returns {Shape}  A list of whatever in it has that shape.
 */
export function listOf(shape) {
  return value =>
    Array.isArray(value) ? value.map(each => shape(each)).filter(each => each !== undefined) : undefined;
}

/**
 * @param {Fields} required
 * @param {Fields} optional  May be absent, or null; must otherwise be right too.
 * @returns {Shape}  An object with these fields and no others.
 */
export function record(required, optional = {}) {
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
