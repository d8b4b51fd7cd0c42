/** @typedef {import("./protocol.js").Body} Body */
/** @typedef {import("./protocol.js").Output} Output */

/**
 * Some lines of an output that are shown together; `version` changes with them.
 * @typedef {{key: number, text: string, bytes: number, lines: number, version: number}} Part
 */

/** Bytes of the first lines that are kept, and of the last ones: the room keeps as many. */
export const MAX_KEPT = 512 * 1024;
/** Most lines in a part. */
const PART_LINES = 200;
const LF = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The output of a command, as it comes: the first and the last of its final lines, as tcp_server/log/body.py keeps
 * them, and the tail, which can still change. Offsets are bytes of UTF-8.
 */
export class LiveBody {
  /** The first lines, and the last ones; these are null while there is nothing behind the first. */
  first = new Parts();
  /** @type {Parts | null} */
  last = null;
  tail = "";
  /** Where the last ones begin. */
  #lastAt = 0;

  /** How many bytes there are, with those that are left out. */
  get end() {
    return this.last ? this.#lastAt + this.last.bytes : this.first.bytes;
  }

  /** How many bytes are left out between the first and the last lines. */
  get leftOut() {
    return this.last ? this.#lastAt - this.first.bytes : 0;
  }

  /**
   * Take an answer of the room to a request from the `end` on.
   * @param {Body} body
   * @returns {boolean} Whether to ask again, from the `end` that it is then.
   */
  onBody({ from, text, end, left_out: leftOut, tail = "", more = false }) {
    const before = this.end;
    if (end < before) {
      // The server was killed, and has lost the last lines.
      this.first = new Parts();
      this.last = null;
      return true;
    }
    this.tail = tail;
    this.#add(from, text);
    if (!text && leftOut?.[1] === end && end > this.end) this.#jump(end);
    return more && this.end > before;
  }

  /** @param {Output} output */
  onOutput({ offset, text = "", tail }) {
    this.#add(offset, text);
    this.tail = tail ?? this.tail;
  }

  /**
   * @param {string} between  Stands for what is left out, if something is.
   * @returns {string} All of it.
   */
  toText(between) {
    const last = this.last?.text ?? "";
    return this.first.text + (this.leftOut ? between : "") + last + this.tail;
  }

  /**
   * @param {number} offset
   * @param {string} text  Whole lines.
   */
  #add(offset, text) {
    let data = encoder.encode(text);
    if (offset < this.end) data = data.subarray(this.end - offset);
    if (!data.length) return;
    if (offset > this.end) this.#jump(offset);
    if (!this.last) {
      const room = MAX_KEPT - this.first.bytes;
      const cut = data.length > room ? data.subarray(0, room).lastIndexOf(LF) + 1 : data.length;
      this.first.add(data.subarray(0, cut));
      data = data.subarray(cut);
      if (data.length) this.#jump(this.first.bytes);
    }
    if (!this.last || !data.length) return;
    this.last.add(data);
    this.#lastAt += this.last.dropTo(MAX_KEPT);
  }

  /** Nothing between the first lines and this is known. @param {number} offset */
  #jump(offset) {
    this.last = new Parts();
    this.#lastAt = offset;
  }
}

/** Lines in parts. */
export class Parts {
  /** @type {Part[]} */
  list = [];
  bytes = 0;
  #keys = 0;

  get text() {
    return this.list.map(part => part.text).join("");
  }

  /** @param {Uint8Array} data  Whole lines. */
  add(data) {
    for (let start = 0; start < data.length; ) {
      const known = this.list.at(-1);
      const part = known && known.lines < PART_LINES ? known : this.#newPart();
      let end = start;
      while (part.lines < PART_LINES && end < data.length) {
        end = data.indexOf(LF, end) + 1 || data.length;
        part.lines += 1;
      }
      part.text += decoder.decode(data.subarray(start, end));
      part.bytes += end - start;
      part.version += 1;
      start = end;
    }
    this.bytes += data.length;
  }

  /**
   * Drop the first lines beyond so many bytes.
   * @param {number} most
   * @returns {number} How many bytes were dropped.
   */
  dropTo(most) {
    const before = this.bytes;
    for (let part = this.list[0]; part && this.bytes > most; part = this.list[0]) {
      const surplus = this.bytes - most;
      const data = encoder.encode(part.text);
      const cut = part.bytes <= surplus ? part.bytes : data.indexOf(LF, surplus - 1) + 1;
      this.bytes -= cut;
      if (cut >= part.bytes) {
        this.list.shift();
        continue;
      }
      part.lines -= data.subarray(0, cut).reduce((count, byte) => count + Number(byte === LF), 0);
      part.text = decoder.decode(data.subarray(cut));
      part.bytes -= cut;
      part.version += 1;
    }
    return before - this.bytes;
  }

  #newPart() {
    this.#keys += 1;
    const part = { key: this.#keys, text: "", bytes: 0, lines: 0, version: 0 };
    this.list.push(part);
    return part;
  }
}
