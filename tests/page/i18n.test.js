import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLocale, I18n } from "../../static/js/lib/i18n.js";

const dictionary = language =>
  JSON.parse(readFileSync(new URL(`../../static/i18n/${language}.json`, import.meta.url), "utf8"));

test("both languages have the same keys and placeholders", () => {
  const [ru, en] = [dictionary("ru"), dictionary("en")];
  assert.deepEqual(Object.keys(ru), Object.keys(en));
  const placeholders = words => [...new Set(JSON.stringify(words).match(/\{(?=\w+\})\w+\}/g) ?? [])].sort();
  for (const key of Object.keys(ru)) {
    assert.deepEqual(placeholders(ru[key]), placeholders(en[key]), key);
    assert.equal(typeof ru[key], typeof en[key], key);
  }
});

test("plural texts have all forms of their language", () => {
  for (const language of ["ru", "en"]) {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, words] of Object.entries(dictionary(language))) {
      if (typeof words === "object") assert.deepEqual(Object.keys(words).sort(), forms, key);
    }
  }
});

test("Russian counts as Russian does", () => {
  const i18n = new I18n("ru", dictionary("ru"));
  const people = count => i18n.t("bar.people", { count });
  assert.deepEqual([1, 2, 5, 11, 22].map(people), [
    "1 человек",
    "2 человека",
    "5 человек",
    "11 человек",
    "22 человека",
  ]);
});

test("today and yesterday have names, other days dates", () => {
  const i18n = new I18n("ru", dictionary("ru"));
  const now = new Date(2026, 0, 1, 0, 30);
  assert.equal(i18n.day(new Date(2026, 0, 1, 0, 5), now), "Сегодня");
  assert.equal(i18n.day(new Date(2025, 11, 31, 23, 59), now), "Вчера");
  assert.match(i18n.day(new Date(2025, 11, 30), now), /30 декабря 2025/);
});

test("a time on another day has its date", () => {
  const i18n = new I18n("ru", dictionary("ru"));
  const now = new Date(2026, 10, 22, 12, 0);
  assert.equal(i18n.when(new Date(2026, 10, 22, 9, 5), now), "09:05");
  assert.equal(i18n.when(new Date(2026, 10, 12, 14, 5), now), "12 нояб., 14:05");
  assert.match(i18n.when(new Date(2025, 10, 22, 14, 5), now), /22 нояб. 2025.*14:05/);
});

test("a time has a leading zero only where people write it", () => {
  const morning = new Date(2026, 10, 22, 9, 5);
  const written = locale => new I18n(locale, dictionary("en")).time(morning).replace(/\s/u, " ");
  assert.deepEqual(["en-US", "en-GB", "ru"].map(written), ["9:05 AM", "09:05", "09:05"]);
  const american = new I18n("en-US", dictionary("en"));
  assert.ok(!american.time(morning).includes(" "), "a line may end at a space");
  assert.match(american.when(morning, new Date(2026, 10, 24)), /^Nov 22, 9:05/);
});

test("times follow the time zone", () => {
  const zone = process.env.TZ;
  const i18n = new I18n("en-GB", dictionary("en"));
  const noon = new Date("2026-11-22T12:00:00Z");
  const shown = ["UTC", "Asia/Tokyo"].map(name => {
    process.env.TZ = name;
    i18n.followTimeZone();
    return i18n.time(noon);
  });
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  assert.deepEqual(shown, ["12:00", "21:00"]);
});

test("an invalid date is shown as nothing", () => {
  const i18n = new I18n("ru", dictionary("ru"));
  const never = new Date("nonsense");
  assert.deepEqual([i18n.time(never), i18n.dateTime(never), i18n.when(never)], ["", "", ""]);
});

test("the locale is the first preferred one of the page's language that can be used", () => {
  assert.equal(chooseLocale("ru", ["de", "ru-RU", "en"]), "ru-RU");
  assert.equal(chooseLocale("en", ["ru", "EN-gb", "en"]), "EN-gb");
  assert.equal(chooseLocale("ru", ["fr", "rue"]), "ru");
  assert.equal(chooseLocale("en", ["en-US@posix", "en_US", ""]), "en");
  assert.equal(chooseLocale("en", []), "en");
});

test("durations are in the largest unit that is accurate enough, and rounded up", () => {
  const i18n = new I18n("ru", dictionary("ru"));
  const told = [0.2, 41, 60, 90, 539.2, 600, 3600, 5400, 8000, 86_400, 7 * 86_400].map(each =>
    i18n.duration(each),
  );
  assert.deepEqual(told, [
    "1 секунду",
    "41 секунду",
    "1 минуту",
    "90 секунд",
    "9 минут",
    "10 минут",
    "1 час",
    "90 минут",
    "3 часа",
    "1 день",
    "7 дней",
  ]);
});

test("values are not searched for placeholders, and are parts of their own", () => {
  const i18n = new I18n("en", { hello: "Hello, {name}!" });
  assert.equal(i18n.t("hello", { name: "{name} $& {constructor}" }), "Hello, {name} $& {constructor}!");
  assert.deepEqual(i18n.parts("hello", { name: "Ann" }), [
    { text: "Hello, ", name: "" },
    { text: "Ann", name: "name" },
    { text: "!", name: "" },
  ]);
});

test("an error without a text is shown by its code", () => {
  const i18n = new I18n("en", { "error.lost": "Lost: {target}", "error.other": "No: {code}" });
  assert.equal(i18n.error("lost", { target: "Ann" }), "Lost: Ann");
  assert.equal(i18n.error("odd\u202e"), "No: odd");
});
