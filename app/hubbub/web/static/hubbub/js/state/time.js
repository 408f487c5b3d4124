/**
 * Formats times in the reader's language and time zone. Callers pass the current time if it
 * matters.
 */

import { gettext, locale } from "./text.js";

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const dayThisYear = new Intl.DateTimeFormat(locale, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const dayOfAnotherYear = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const DAY_MS = 24 * 3600 * 1000;

/** The time of day, as short as the locale writes it, such as `6:23 AM`. */
export function timeOf(iso) {
  return clock.format(new Date(iso));
}

export function exactTimeOf(iso) {
  return exact.format(new Date(iso));
}

/** The local day of a time, as a string: two times on the same day give the same string. */
export function dayOf(iso) {
  return new Date(iso).toDateString();
}

export function dayName(iso, now) {
  const day = new Date(iso);
  if (day.toDateString() === now.toDateString()) return gettext("Today");
  const yesterday = new Date(now.getTime() - DAY_MS);
  if (day.toDateString() === yesterday.toDateString()) return gettext("Yesterday");
  const isThisYear = day.getFullYear() === now.getFullYear();
  return (isThisYear ? dayThisYear : dayOfAnotherYear).format(day);
}
