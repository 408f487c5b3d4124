/** The page's words: Django's JavaScript catalog, and lists of names in the reader's language. */

const catalog = globalThis.django;

export const locale = [...navigator.languages, document.documentElement.lang].find((language) =>
  language.startsWith(document.documentElement.lang),
);

export function gettext(text) {
  return catalog.gettext(text);
}

export function ngettext(one, many, count) {
  return catalog.ngettext(one, many, count);
}

/** Put `values` into the places of a translated text: `%(name)s`. */
export function fill(text, values) {
  return catalog.interpolate(text, values, true);
}

export function listOf(names) {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}
