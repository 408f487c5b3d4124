/** The icons, in the colour of the text. Screen readers skip them, so give each button a label. */

import { html, svg } from "lit";

const SHAPES = {
  menu: svg`<path d="M3 6h18M3 12h18M3 18h18" />`,
  people: svg`<circle cx="9" cy="8" r="3.5" /><path d="M2.5 20c.6-4 3-6 6.5-6s5.9 2 6.5 6" /><path d="M16 4.800a3.5 3.5 0 0 1 0 6.400M18 14.600c2 .8 3.2 2.6 3.5 5.4" />`,
  plus: svg`<path d="M12 5v14M5 12h14" />`,
  close: svg`<path d="M6 6l12 12M18 6L6 18" />`,
  hash: svg`<path d="M9.5 4L7 20M17 4l-2.5 16M4.5 9h16M3.5 15h16" />`,
  lock: svg`<rect x="5" y="11" width="14" height="9" rx="2" /><path d="M8 11V8a4 4 0 0 1 8 0v3" />`,
  settings: svg`<path d="M4 7h10M18 7h2M4 17h2M10 17h10" /><circle cx="16" cy="7" r="2" /><circle cx="8" cy="17" r="2" />`,
  reply: svg`<path d="M10 6l-6 6 6 6M4 12h10c4 0 6 2.5 6 6.5" />`,
  edit: svg`<path d="M4 20l1-4L16.5 4.500l3 3L8 19zM14.5 6.500l3 3" />`,
  trash: svg`<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5" />`,
  link: svg`<path d="M10 14a4 4 0 0 0 6 .4l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.500M14 10a4 4 0 0 0-6-.4l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5" />`,
  down: svg`<path d="M12 5v14M6 13l6 6 6-6" />`,
  send: svg`<path d="M4 12L3 4l18 8-18 8zM4 12h9" />`,
  search: svg`<circle cx="11" cy="11" r="6.5" /><path d="M16 16l5 5" />`,
};

export function icon(name) {
  return html`<svg
    class="icon"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${SHAPES[name]}
  </svg>`;
}
