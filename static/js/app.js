import "./lib/fallbacks.js";
import { byId } from "./lib/dom.js";
import { Emojis } from "./lib/emojis.js";
import { chooseLocale, I18n } from "./lib/i18n.js";
import { LocalDay } from "./lib/local_day.js";
import { nameColours } from "./lib/name_colours.js";
import { RoomStore, scopeOf } from "./lib/room_store.js";
import { watchSleep } from "./lib/sleep.js";
import { openStore } from "./lib/storage.js";
import { Commands } from "./model/commands.js";
import { Connection } from "./model/connection.js";
import { Drafts } from "./model/drafts.js";
import { loadEmojiList } from "./model/emoji_list.js";
import { Ignored } from "./model/ignored.js";
import { OpenTabs } from "./model/open_tabs.js";
import { Outbox } from "./model/outbox.js";
import { PageVersion } from "./model/page_version.js";
import { Room } from "./model/room.js";
import { Session } from "./model/session.js";
import { Settings } from "./model/settings.js";
import { TabSync } from "./model/tab_sync.js";
import { ActionDialog } from "./view/action_dialog.js";
import { Appearance } from "./view/appearance.js";
import { AwayWatch } from "./view/away_watch.js";
import { Banner } from "./view/banner.js";
import { CommandPanel } from "./view/composer/command_panel.js";
import { CommandRunner } from "./view/composer/command_runner.js";
import { Composer } from "./view/composer/composer.js";
import { ComposerField } from "./view/composer/composer_field.js";
import { ComposerFocus } from "./view/composer/composer_focus.js";
import { ComposerTask } from "./view/composer/composer_task.js";
import { MentionPanel } from "./view/composer/mention_panel.js";
import { CopyButtons } from "./view/copy_buttons.js";
import { Door } from "./view/door.js";
import { DroppedFiles } from "./view/dropped_files.js";
import { InviteSheet } from "./view/invite_sheet.js";
import { JoinForm } from "./view/join_form.js";
import { LateTools } from "./view/late_tools.js";
import { LeaveButton } from "./view/leave_button.js";
import { PanelHistory } from "./view/panel_history.js";
import { People } from "./view/people.js";
import { PersonMenu } from "./view/person_menu.js";
import { RoomTitle } from "./view/room_title.js";
import { SettingsSheet } from "./view/settings_sheet.js";
import { ShortcutsSheet } from "./view/shortcuts_sheet.js";
import { TerminalSwitch } from "./view/terminal_switch.js";
import { ThrottleNote } from "./view/throttle_note.js";
import { Toast } from "./view/toast.js";
import { ChosenRow } from "./view/transcript/chosen_row.js";
import { CopiedText } from "./view/transcript/copied_text.js";
import { Folds } from "./view/transcript/folds.js";
import { LiveLoader } from "./view/transcript/live_loader.js";
import { LongTexts } from "./view/transcript/long_text.js";
import { describeActFailure } from "./view/transcript/message_view.js";
import { Permalinks } from "./view/transcript/permalinks.js";
import { TopicLine } from "./view/transcript/topic_line.js";
import { Transcript } from "./view/transcript/transcript.js";
import { TypingNote } from "./view/typing_note.js";
import { keepAboveKeyboard } from "./view/visible_part.js";

/** Milliseconds for which the login page waits for what it says of the room. */
const ABOUT_AWAITED = 600;

const locale = chooseLocale(document.documentElement.lang, navigator.languages ?? [navigator.language]);
const i18n = new I18n(locale, JSON.parse(byId("script", "texts").text));
document.documentElement.lang = locale;

const path = location.pathname;
const store = new RoomStore(openStore("localStorage"), path);
store.adopt();
const tabStore = new RoomStore(openStore("sessionStorage"), path);
const tabs = new OpenTabs(tabStore, new BroadcastChannel(scopeOf(path)));
const session = new Session(store);
const settings = new Settings(store);
const ignored = new Ignored(store);
const url = new URL("ws", location.href.replace(/^http/, "ws"));
url.hash = "";
const connection = new Connection(url.href, takeEarlySocket());
const room = new Room(connection, session, new Outbox(store, tabs));
room.isIgnored = (/** @type {string} */ name) => ignored.has(name);
// Before the views, which show them.
room.members.changed.on(() => nameColours.meet(room.members.names));
const tabSync = new TabSync(room, tabs);

new Appearance(settings, i18n);
keepAboveKeyboard();
new RoomTitle(room.about);
new CopyButtons(i18n);
const door = new Door(room.about, i18n);
const inviteSheet = new InviteSheet(room.about, i18n);
const loginView = byId("main", "login");
const roomView = byId("div", "room");
const toast = new Toast();
const actionDialog = new ActionDialog();
const joinForm = new JoinForm(room, actionDialog, i18n);
const folds = new Folds(settings, ignored);
const transcript = new Transcript(room, folds, i18n);
new TerminalSwitch(
  room,
  settings,
  i18n,
  { transcript, toast },
  () => import(new URL("view/terminal_view.js", import.meta.url).href),
);
const permalinks = new Permalinks(room, transcript, toast, i18n);
new LiveLoader(
  room,
  transcript,
  i18n,
  () => import(new URL("view/transcript/live_view.js", import.meta.url).href),
);
new ChosenRow();
new LongTexts();
new CopiedText();
new DroppedFiles(i18n, toast);
new Banner(room, tabSync, i18n);
const leaveButton = new LeaveButton(room, tabSync, actionDialog, i18n);
new ThrottleNote(room.throttle, i18n);
new TypingNote(room.members, i18n);
const awayWatch = new AwayWatch(room);
const topicLine = new TopicLine(room, i18n);
const people = new People(room, ignored, i18n);
const lateTools = new LateTools(room, loadTools);
const emojis = new Emojis(() => loadEmojiList(byId("div", "emoji").dataset.list ?? ""));
const commands = new Commands(JSON.parse(byId("script", "command-table").text));
const views = { people, topicLine, awayWatch, transcript, permalinks, leaveButton, lateTools };
const composerTask = new ComposerTask(i18n);
const composer = new Composer(room, new Drafts(store, tabs, tabStore), i18n, {
  field: new ComposerField(room, settings, i18n, toast),
  commands,
  panel: new CommandPanel(commands, room, i18n),
  runner: new CommandRunner(room, i18n, views),
  emojis,
  task: composerTask,
  mentions: new MentionPanel(room, i18n),
  toast,
});
new ComposerFocus();
new PersonMenu(room, people, ignored, i18n, {
  mention: name => composer.mention(name),
  reply: item => composer.reply(item),
  moderate: name => lateTools.tools?.moderation.itemsFor(name) ?? [],
});
composer.sent.on(() => transcript.toNewest());
transcript.textWanted.on(ref => composer.takeBack(room.outbox.getAct(ref)));
const shortcuts = new ShortcutsSheet();
const settingsSheet = new SettingsSheet(settings, ignored, i18n, () => shortcuts.open());
const panelHistory = new PanelHistory({ people, settings: settingsSheet, shortcuts, invite: inviteSheet });
lateTools.loaded.on(({ panels }) => {
  panelHistory.add(panels);
  byId("button", "link-button").hidden = false;
  if (room.about.count === null) void room.about.load();
});

/** @param {boolean} inside  Whether to show the room, else the login form. */
function show(inside) {
  const entering = inside && roomView.hidden;
  loginView.hidden = inside;
  roomView.hidden = !inside;
  if (inside) door.close();
  else door.open();
  if (entering) composer.focus();
  if (!inside) joinForm.focus();
}

const pageVersion = new PageVersion(document.documentElement.dataset.version ?? "", "version");
pageVersion.outdated.on(() => {
  byId("div", "update").hidden = false;
});
lateTools.failed.on(() => pageVersion.check()); // a new version may have other files
byId("button", "update-button").addEventListener("click", () => location.reload());
window.addEventListener("focus", () => pageVersion.checkSometimes());

let enteredBefore = false;
room.entered.on(() => {
  if (enteredBefore) pageVersion.check();
  enteredBefore = true;
});
room.entered.on(() => show(true));
room.refused.on(() => show(false));
room.left.on(() => show(false));
room.failed.on(code => toast.show(i18n.error(code)));
room.acts.failed.on(act => toast.show(describeActFailure(act, i18n))); // its message may be out of view

const localDay = new LocalDay();
localDay.changed.on(() => {
  i18n.followTimeZone();
  transcript.updateTimes();
  lateTools.tools?.searchPanel.updateTimes();
});
window.addEventListener("focus", () => localDay.check());

/** The page, the machine or the network may have been away for a while. */
function onReturn() {
  if (document.hidden) return;
  localDay.check();
  tabSync.check();
  connection.check();
}
for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, onReturn);
window.addEventListener("pageshow", ({ persisted }) => persisted && onReturn());
watchSleep(onReturn);
window.addEventListener("online", () => connection.check());
window.addEventListener("offline", () => connection.onOffline());
window.addEventListener("storage", ({ key }) => {
  const name = key === null ? null : store.nameOf(key);
  if (key === null || name !== null) for (const model of [tabSync, settings, ignored]) model.onStorage(name);
});
window.addEventListener("pagehide", () => tabs.close());

const code = takeCode();
if (code && !session.name) {
  void loadAbout();
  show(false);
  joinForm.enterWithCode(code);
  removeSplash();
} else if (session.name) {
  if (code) toast.show(i18n.t("link.already", { name: session.name }));
  show(true);
  room.enter(session.name);
  removeSplash();
} else {
  connection.close();
  // Nothing of the login page moves if it is known what stands there.
  Promise.race([loadAbout(), new Promise(resolve => setTimeout(resolve, ABOUT_AWAITED))]).then(() => {
    show(false);
    removeSplash();
  });
}

/** What is done elsewhere with a message. @type {import("./tools.js").ToolDoors} */
const doors = {
  show: id => permalinks.goTo(id),
  reply: item => composer.reply(item),
  edit: item => composer.edit(item),
  mention: name => composer.mention(name),
};

/** @returns {string} The one-time code in the address, which is removed from it, as it is a secret; or "". */
function takeCode() {
  const found = /^#code=([0-9A-Za-z-]{8,32})$/.exec(location.hash)?.[1] ?? "";
  if (found) history.replaceState(history.state, "", location.pathname + location.search);
  return found;
}

/**
 * @param {number} attempt  Is part of the address: browsers may not load one that failed again.
 * @returns {Promise<() => import("./tools.js").Tools>} What makes them.
 */
async function loadTools(attempt) {
  const { Tools } = await import(new URL(`tools.js${attempt ? `?${attempt}` : ""}`, import.meta.url).href);
  const views = { people, actionDialog, toast, transcript, composerTask };
  return () => new Tools(room, { store, emojis, settings }, i18n, views, doors);
}

/** Take what boot.js has asked the gateway. */
async function loadAbout() {
  await room.about.load(/** @type {{earlyAbout?: Promise<unknown>}} */ (globalThis).earlyAbout);
}

/** @returns {WebSocket | undefined} What boot.js has opened, for one connection. */
function takeEarlySocket() {
  return /** @type {{earlySocket?: WebSocket}} */ (globalThis).earlySocket;
}

/** Remove what is shown while the page is loading. Without the style sheet it stays: see boot.js. */
function removeSplash() {
  const styled = getComputedStyle(document.documentElement).getPropertyValue("--background");
  if (styled) document.getElementById("loading")?.remove();
  else document.querySelector("link[rel=stylesheet]")?.addEventListener("load", removeSplash);
}
