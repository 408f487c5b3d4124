/**
 * Translates the page's texts with Django's JavaScript catalog, and writes numbers and lists in the
 * user's language.
 */

const catalog = globalThis.django;

export const locale = [...navigator.languages, document.documentElement.lang].find((language) =>
  language.startsWith(document.documentElement.lang),
);

const numbers = new Intl.NumberFormat(locale);

export function gettext(text) {
  return catalog.gettext(text);
}

export function ngettext(singular, plural, count) {
  return catalog.ngettext(singular, plural, count);
}

/**
 * Replace the placeholders of a translated text, `%(name)s`. Numbers are written with separators.
 */
export function fill(text, values) {
  const entries = Object.entries(values).map(([name, value]) => [name, formatted(value)]);
  return catalog.interpolate(text, Object.fromEntries(entries), true);
}

export function formatted(value) {
  return typeof value === "number" ? numbers.format(value) : value;
}

export function listOf(names) {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}
