import { byId } from "./lib/dom.js";
import { chooseLocale, Words } from "./lib/i18n.js";
import { openStore } from "./lib/storage.js";
import { Connection } from "./model/connection.js";
import { Outbox } from "./model/outbox.js";
import { Room } from "./model/room.js";
import { IDENTITY_KEY, Session } from "./model/session.js";
import { Banner } from "./view/banner.js";
import { Composer } from "./view/composer.js";
import { JoinForm } from "./view/join_form.js";
import { ModerationView } from "./view/moderation/moderation_view.js";
import { People } from "./view/people.js";
import { SearchPanel } from "./view/search_panel.js";
import { Theme } from "./view/theme.js";
import { ThrottleNote } from "./view/throttle_note.js";
import { Toast } from "./view/toast.js";
import { Transcript } from "./view/transcript/transcript.js";

const locale = chooseLocale(navigator.languages);
const words = await Words.load(locale).catch(error => {
  document.body.textContent =
    "Страница загрузилась не вся. Обновите её. · The page is incomplete. Please reload.";
  throw error;
});
document.documentElement.lang = locale;
words.fill(document);

const store = openStore();
const session = new Session(store);
const address = new URL("ws", location.href.replace(/^http/, "ws"));
address.hash = "";
const connection = new Connection(address.href);
const room = new Room(connection, session, new Outbox(store));

const door = byId("main", "door");
const hall = byId("div", "room");
const toast = new Toast();
const joinForm = new JoinForm(room, words);
const transcript = new Transcript(room, words);
const composer = new Composer(room, store, () => transcript.toNewest());
new Banner(room, words);
new ThrottleNote(room.throttle, words);
const people = new People(room, words);
new ModerationView(room, words, people, toast);
new SearchPanel(room, words);
new Theme(store, words);

/** @param {boolean} inside */
function show(inside) {
  const entering = inside && hall.hidden;
  door.hidden = inside;
  hall.hidden = !inside;
  if (entering) composer.focus();
  if (!inside) joinForm.focus();
}

/** Whether the room was asked for the message that the address names, or it names none. */
let sought = false;

/** Go to the message that the address names, if it names one. */
async function seek() {
  const id = Number(/^#([1-9]\d{0,14})$/.exec(location.hash)?.[1]);
  const found = id > 0 && (await room.find(id));
  sought = found || room.joined;
  if (found) transcript.show(id);
  else if (id) toast.show(words.say(sought ? "message.lost" : "message.offline", { number: `#${id}` }));
}

function showTitle() {
  const { count } = room.unread;
  document.title = count ? `(${count > 999 ? "999+" : count}) Oneroom` : "Oneroom";
}

room.entered.on(() => {
  show(true);
  if (!sought) seek();
});
room.refused.on(() => show(false));
room.left.on(() => show(false));
room.failed.on(code => toast.show(words.error(code)));
room.unread.changed.on(showTitle);
transcript.copied.on(id => toast.show(words.say("message.copied", { number: `#${id}` })));

byId("button", "leave-button").addEventListener("click", () => {
  const count = room.outbox.parcels.length;
  if (count === 0 || confirm(words.say("leave.unsent", { count }))) room.leave();
});
window.addEventListener("hashchange", () => {
  if (!hall.hidden) seek();
});
document.addEventListener("click", event => {
  // The browser says nothing when the address does not change.
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link?.hash && link.href === location.href && !event.defaultPrevented) seek();
});
window.addEventListener("online", () => connection.hurry());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) connection.hurry();
});
// Another tab of the same person left the room.
window.addEventListener("storage", event => {
  if (event.key === IDENTITY_KEY && event.newValue === null && session.name) room.leave();
});

if (session.name) {
  show(true);
  room.enter(session.name);
} else {
  show(false);
}
