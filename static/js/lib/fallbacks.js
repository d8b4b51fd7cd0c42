/** Stand-ins for what the oldest supported browsers lack: Firefox 115, Safari 16.4, Chromium 110. */

import { addPopovers } from "./popover.js";

URL.canParse ??= (url, base) => {
  try {
    return Boolean(new URL(url, base));
  } catch {
    return false;
  }
};

Element.prototype.checkVisibility ??= function () {
  return this.getClientRects().length > 0;
};

const ARIA = ["Atomic", "Busy", "Checked", "Current", "Description", "Disabled", "Expanded", "HasPopup"];
const MORE_ARIA = ["Hidden", "Invalid", "Label", "Live", "Modal", "Pressed", "RoleDescription", "Selected"];

for (const property of ["role", ...[...ARIA, ...MORE_ARIA].map(name => `aria${name}`)]) {
  if (property in Element.prototype) continue;
  const attribute = property.replace("aria", "aria-").toLowerCase();
  Object.defineProperty(Element.prototype, property, {
    configurable: true,
    get() {
      return this.getAttribute(attribute);
    },
    set(value) {
      if (value === null) this.removeAttribute(attribute);
      else this.setAttribute(attribute, value);
    },
  });
}

if (!("popover" in HTMLElement.prototype)) addPopovers();
