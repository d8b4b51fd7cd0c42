// Runs in the page before anything of its own: writes down whatever should not be there.
(() => {
  const watch = { bad: [], violations: [], added: 0 };
  Object.defineProperty(globalThis, "watch", { value: watch });
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
    watch.violations.push(`${violatedDirective} ${blockedURI} ${sample}`);
  });

  const TAGS = new Set(
    "a bdi blockquote button code div em li mark p pre s span strong time ul".split(" "),
  );
  const ATTRIBUTES = new Set(
    "class dir data-name data-called data-state data-id data-other data-act data-key data-action data-ref data-host id href title target"
      .concat(" rel role aria-labelledby type tabindex datetime aria-label aria-hidden aria-haspopup aria-expanded disabled style")
      .split(" "),
  );
  const LEAVES = "bdi *, .presence :not(bdi), #typing :not(bdi), #toast *, .avatar *, .message-reason *, .menu-item *,"
    .concat(" .message-text code :not(span), .message-text code span *, .message-text a :not(strong, em, s, code), .item-marker *, .code-head * *, .notice-text :not(a), .hit-text :not(mark), #join-error *, .dialog-error *");

  /** What a message may consist of. */
  const FORMAT =
    "a, strong, em, s, blockquote, code, pre span, ul, ul > li, .item-marker, .item-text, .code-block, .code-head, .code-language, .code-copy, pre";

  function isHarmless(link) {
    const href = link.getAttribute("href");
    if (href === null || /^\.\/#[1-9]\d*$/.test(href)) return !link.target;
    const safe = link.rel === "noopener noreferrer nofollow" && link.target === "_blank";
    return safe && /^https?:\/\//.test(href) && /^https?:$/.test(link.protocol);
  }

  function inspect(element) {
    watch.added += 1;
    const strange = [...element.attributes].filter(({ name, value }) =>
      name === "style" ? !/^(left|top): /.test(value) : !ATTRIBUTES.has(name),
    );
    const wrong =
      !TAGS.has(element.localName) ||
      element.namespaceURI !== "http://www.w3.org/1999/xhtml" ||
      strange.length > 0 ||
      element.matches(LEAVES) ||
      (element.parentElement?.closest(".message-text") && !element.matches(FORMAT)) ||
      (element.localName === "a" && !isHarmless(element));
    if (wrong) watch.bad.push(element.outerHTML.slice(0, 300));
  }

  // What the page consists of from the beginning; the one button among it may move.
  addEventListener("DOMContentLoaded", () => {
    const own = new Set(document.querySelectorAll("*"));
    const look = root => {
      for (const each of [root, ...root.querySelectorAll("*")]) if (!own.has(each)) inspect(each);
    };
    new MutationObserver(records => {
      for (const { addedNodes, target } of records) {
        for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) look(node);
        if (!own.has(target)) inspect(target);
      }
    }).observe(document, { childList: true, subtree: true, attributes: true });
    // Whatever a reader may do to what is shown.
    watch.poke = () => {
      for (const element of document.querySelectorAll("*")) {
        for (const type of ["mouseover", "focus", "blur", "load", "error", "toggle", "animationstart"]) {
          element.dispatchEvent(new Event(type));
        }
      }
    };
  });
})();
