/** The class of an open popover, for the style sheets. */
const OPEN = "popover-open";

/** The open popovers, a nested one behind the one that holds it. @type {HTMLElement[]} */
const open = [];
/** What had the focus before each was opened. @type {WeakMap<HTMLElement, Element | null>} */
const focusedBefore = new WeakMap();

/** Add the part of the Popover API that the page uses to a browser without it; all popovers are `auto`. */
export function addPopovers() {
  Object.defineProperty(HTMLElement.prototype, "popover", {
    configurable: true,
    get() {
      return this.getAttribute("popover");
    },
    set(value) {
      if (value === null) hide(this);
      if (value === null) this.removeAttribute("popover");
      else this.setAttribute("popover", value);
    },
  });
  HTMLElement.prototype.showPopover = function () {
    show(this);
  };
  HTMLElement.prototype.hidePopover = function () {
    hide(this);
  };
  document.addEventListener("pointerdown", event => hideAllBut(event.target), { capture: true });
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && open.length > 0) hide(open[open.length - 1]);
  });
}

/** @param {HTMLElement} popover */
function show(popover) {
  if (open.includes(popover)) return;
  hideAllBut(popover);
  announce(popover, "open");
  focusedBefore.set(popover, document.activeElement);
  popover.classList.add(OPEN);
  open.push(popover);
}

/** @param {HTMLElement | undefined} popover */
function hide(popover) {
  if (!popover || !open.includes(popover)) return;
  for (const inner of open.splice(open.indexOf(popover)).reverse()) {
    announce(inner, "closed");
    const hadFocus = inner.contains(document.activeElement);
    inner.classList.remove(OPEN);
    const before = focusedBefore.get(inner);
    if (hadFocus && before instanceof HTMLElement) before.focus();
  }
}

/** @param {EventTarget | null} target  Popovers that hold it stay, and so does one that its button opens. */
function hideAllBut(target) {
  const opened = popoverOf(target);
  hide(open.find(each => each !== opened && !(target instanceof Node && each.contains(target))));
}

/** @param {MouseEvent} event */
function onClick(event) {
  const popover = popoverOf(event.target);
  if (popover === null) return;
  event.preventDefault();
  if (open.includes(popover)) hide(popover);
  else show(popover);
}

/** @param {EventTarget | null} target @returns What a click on it opens or closes. */
function popoverOf(target) {
  const button = target instanceof Element ? target.closest("button[popovertarget]") : null;
  return button && document.getElementById(button.getAttribute("popovertarget") ?? "");
}

/**
 * @param {HTMLElement} popover
 * @param {"open" | "closed"} newState
 */
function announce(popover, newState) {
  const oldState = newState === "open" ? "closed" : "open";
  popover.dispatchEvent(Object.assign(new Event("beforetoggle"), { oldState, newState }));
}
