/*
 * The first script to run, which stands in the HTML and waits for nothing. It says so if the page does not
 * load, and opens the WebSocket while the rest is loading, or for newcomers asks which room this is. A browser that is too old for the rest must
 * understand it too, hence neither a module nor recent syntax.
 */

{
  /** Milliseconds after which loading has failed: a file may neither come nor be an error. */
  const TIMEOUT = 15_000;
  /** As in model/session.js and lib/room_store.js. */
  const IDENTITY_KEY = `oneroom${location.pathname === "/" ? "" : location.pathname}.identity`;

  /** Say that the page has not loaded, unless it has: then app.js has removed all that. */
  const fail = () => {
    const text = document.getElementById("loading-text");
    const failure = document.getElementById("not-loaded");
    if (!text || !failure) return;
    text.setAttribute("visibility", "hidden");
    failure.setAttribute("visibility", "visible");
  };

  const openSocket = () => {
    try {
      const { name } = JSON.parse(localStorage.getItem(IDENTITY_KEY) || "null");
      const url = new URL("ws", location.href.replace(/^http/, "ws"));
      url.hash = "";
      return name ? new WebSocket(url) : undefined;
    } catch (_) {
      return undefined; // no identity, or no storage
    }
  };

  /** Which room this is, which the login page says; as in model/about.js. */
  const askAbout = () =>
    fetch("about")
      .then(answer => (answer.ok ? answer.json() : null))
      .catch(() => null);

  // Of files that did not load, and of scripts that fail.
  addEventListener(
    "error",
    ({ target }) => {
      if (
        !(target instanceof HTMLElement) ||
        target.matches("script, link[rel=modulepreload], link[rel=stylesheet]")
      )
        fail();
    },
    true,
  );
  // The style sheet may have failed before this script ran.
  addEventListener("load", () => {
    // One that failed has an empty `sheet`, as one without rules would have.
    if (!getComputedStyle(document.documentElement).getPropertyValue("--background")) fail();
  });
  addEventListener("click", event => {
    const failure = document.getElementById("not-loaded");
    if (!failure || !(event.target instanceof Node) || !failure.contains(event.target)) return;
    event.preventDefault();
    location.reload(); // unlike the link, it keeps the hash
  });
  setTimeout(fail, TIMEOUT);

  const earlySocket = openSocket();
  Object.assign(globalThis, { earlySocket, earlyAbout: earlySocket ? undefined : askAbout() });
}
