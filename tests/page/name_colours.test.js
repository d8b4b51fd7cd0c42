import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { NameColours, preferredColour } from "../../static/js/lib/name_colours.js";

const read = name => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
/** @type {{light: string, dark: string}[]} */
const palette = [...read("static/css/colours.css").matchAll(/--light, (#\w+)\) var\(--dark, (#\w+)\)/g)].map(
  ([, light, dark]) => ({ light, dark }),
);

/** Linear sRGB of `#rrggbb`. */
const linear = hex =>
  [1, 3, 5].map(at => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
const luminance = ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
const contrast = (one, other) => {
  const [low, high] = [luminance(linear(one)), luminance(linear(other))].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const times = (matrix, vector) =>
  matrix.map(row => row.reduce((sum, each, index) => sum + each * vector[index], 0));
/** Björn Ottosson's OKLab. */
const oklab = rgb => {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map(each => Math.cbrt(Math.max(0, each)));
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms,
  );
};
/** How the colour-blind see: Machado, Oliveira and Fernandes 2009, severity 1. */
const SEEN = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no red": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "no green": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  "no blue": [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

test("the colours are told apart in both themes, also by the colour-blind", () => {
  assert.equal(palette.length, 12);
  for (const theme of ["light", "dark"]) {
    for (const [who, matrix] of Object.entries(SEEN)) {
      const seen = palette.map(each =>
        oklab(times(matrix, linear(each[theme])).map(part => Math.min(1, Math.max(0, part)))),
      );
      for (const [index, one] of seen.entries()) {
        for (const other of seen.slice(0, index)) {
          const distance = Math.hypot(...one.map((part, at) => part - other[at]));
          assert.ok(distance >= (who === "all" ? 0.09 : 0.035), `${theme}, ${who}: ${index}`);
        }
      }
    }
  }
});

test("the colours are legible on all backgrounds", () => {
  const sheet = read("static/css/base.css");
  for (const background of ["background", "surface", "hover", "own", "warning"]) {
    const [, light, dark] = new RegExp(
      `--${background}: var\\(--light, (#\\w+)\\) var\\(--dark, (#\\w+)`,
    ).exec(sheet);
    for (const each of palette) {
      assert.ok(contrast(each.light, light) >= 4.5, `${each.light} on ${light}`);
      assert.ok(contrast(each.dark, dark) >= 4.5, `${each.dark} on ${dark}`);
    }
  }
});

test("the table for other clients has the same colours, and names have those that it says", () => {
  const table = read("docs/protocol.md");
  for (const [index, { light, dark }] of palette.entries()) {
    assert.ok(table.includes(`| ${index} | \`${light}\` | \`${dark}\` |`), String(index));
  }
  const vectors = [...table.matchAll(/^\| `([^`]+)` \| (\d+) \|$/gmu)];
  assert.ok(vectors.length > 3);
  for (const [, name, colour] of vectors) assert.equal(preferredColour(name), Number(colour), name);
});

test("those who are present have different colours as long as there are enough, and keep them", () => {
  const colours = new NameColours();
  const names = Array.from({ length: 12 }, (_, index) => `гость ${index}`);
  colours.meet(names);
  const given = names.map(name => colours.of(name));
  assert.equal(new Set(given).size, 12);
  assert.equal(given[0], preferredColour("ГОСТЬ 0"));
  colours.meet([...names, "ещё один"]);
  assert.equal(colours.of("ещё один"), preferredColour("ещё один"));
  // Who comes when somebody has left takes the colour that nobody present has.
  colours.meet(names.slice(1));
  assert.equal(colours.of("новый"), given[0]);
  assert.deepEqual(
    names.map(name => colours.of(name)),
    given,
  );
});
