/** Times as people read them, in their own time zone. Who needs "now" gives it. */

import { gettext, locale } from "./text.js";

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const longDay = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const oldDay = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const DAY_MS = 24 * 3600 * 1000;

export function timeOf(iso) {
  return clock.format(new Date(iso));
}

export function exactTimeOf(iso) {
  return exact.format(new Date(iso));
}

/** The local day of a time, as text that equals another's on the same day. */
export function dayOf(iso) {
  return new Date(iso).toDateString();
}

export function dayName(iso, now) {
  const day = new Date(iso);
  if (day.toDateString() === now.toDateString()) return gettext("Today");
  const yesterday = new Date(now.getTime() - DAY_MS);
  if (day.toDateString() === yesterday.toDateString()) return gettext("Yesterday");
  return (day.getFullYear() === now.getFullYear() ? longDay : oldDay).format(day);
}
