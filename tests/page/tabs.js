import { MemoryStore } from "../../static/js/lib/storage.js";
import { Drafts } from "../../static/js/model/drafts.js";
import { OpenTabs } from "../../static/js/model/open_tabs.js";
import { Outbox } from "../../static/js/model/outbox.js";
import { Room } from "../../static/js/model/room.js";
import { Session } from "../../static/js/model/session.js";
import { TabSync } from "../../static/js/model/tab_sync.js";
import { ACTING, AT, message, Wire } from "./wire.js";

/** A browser: its tabs have one store and one channel. */
export class Browser {
  store = new MemoryStore();
  tabs = [];
  constructor(t) {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse(AT) });
    this.timers = t.mock.timers;
  }
  /** Open a tab; `tabStore` is that of a tab before its reload. */
  open(tabStore = new MemoryStore(), store = this.#watched()) {
    const tab = { wire: new Wire(), tabStore, store, left: [] };
    tab.channel = {
      postMessage: data => this.#others(tab).map(({ channel }) => channel.onmessage({ data })),
    };
    this.tabs.push(tab);
    tab.tabs = new OpenTabs(tabStore, tab.channel);
    tab.room = new Room(tab.wire, new Session(store), new Outbox(store, tab.tabs));
    tab.room.left.on(({ reason }) => tab.left.push(reason));
    tab.sync = new TabSync(tab.room, tab.tabs);
    tab.drafts = new Drafts(store, tab.tabs, tab.tabStore);
    if (tab.room.session.name) tab.room.enter(tab.room.session.name);
    return tab;
  }
  /** Open one and join; the room welcomes it. */
  join(name, tabStore) {
    const tab = this.open(tabStore);
    if (!tab.room.session.name) tab.room.enter(name);
    tab.wire.welcome({ name, session: `secret of ${name}` });
    return tab;
  }
  close(tab) {
    tab.tabs.close();
    this.crash(tab);
  }
  crash(tab) {
    this.tabs = this.#others(tab);
    tab.wire.close();
  }
  /** Let the others answer, and the messages of closed tabs be taken up. */
  async wait() {
    for (let step = 0; step < 20; step++) {
      this.timers.tick(400);
      for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    }
  }
  clear() {
    this.store = new MemoryStore();
    for (const tab of this.tabs) tab.sync.onStorage(null);
  }
  #others(tab) {
    return this.tabs.filter(each => each !== tab);
  }
  /** The store as one tab sees it: what that tab changes, the others hear of. */
  #watched() {
    const browser = this;
    const me = () => browser.tabs.find(({ store }) => store === watched);
    const watched = {
      get length() {
        return browser.store.length;
      },
      key: index => browser.store.key(index),
      getItem: key => browser.store.getItem(key),
      setItem(key, value) {
        browser.store.setItem(key, value);
        for (const tab of browser.#others(me())) tab.sync?.onStorage(key);
      },
      removeItem(key) {
        const had = browser.store.getItem(key) !== null;
        browser.store.removeItem(key);
        if (had) for (const tab of browser.#others(me())) tab.sync?.onStorage(key);
      },
    };
    return watched;
  }
}

export const says = ({ wire }) =>
  wire
    .take()
    .filter(({ type }) => type === "say")
    .map(({ text }) => text);
export const stored = ({ store }) =>
  Array.from({ length: store.length }, (_, at) => store.key(at)).filter(key => /outbox|act|draft/.test(key));

/** Open a tab of Анна in a room that knows acts. */
export function act(browser, tabStore) {
  const tab = browser.open(tabStore);
  if (!tab.room.session.name) tab.room.enter("Анна");
  const messages = [message(1, "Борис"), message(2, "Борис")];
  tab.wire.welcome({ ...ACTING, session: "secret of Анна", last: 2, messages });
  return tab;
}
