/** A user's initials on one of twelve colours. `{% avatar %}` does the same for other pages. */

import { html } from "lit";

const COLOURS = 12;

export function avatar({ id, name }, size = "") {
  const sizeClass = size ? ` avatar-${size}` : "";
  return html`<span class="avatar avatar-${id % COLOURS}${sizeClass}" aria-hidden="true"
    >${initialsOf(name)}</span
  >`;
}

function initialsOf(name) {
  const words = name.replace(/[-.]/g, " ").split(/\s+/).filter(Boolean);
  const letters = [...words.slice(0, 1), ...words.slice(1).slice(-1)].map((word) => [...word][0]);
  return (letters.join("") || [...name][0] || "?").toUpperCase();
}
