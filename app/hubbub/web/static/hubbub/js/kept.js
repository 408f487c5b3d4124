/**
 * What the page keeps in a browser (drafts, unsent messages) is forgotten at sign-out, whichever
 * page one signs out from: every page loads this module, which therefore imports nothing.
 */

export const PREFIX = "hubbub.";

/** Forget what was kept here: of everybody, or of all but one person. */
export function forgetKept(storage, exceptUser = null) {
  const keep = exceptUser === null ? null : `${PREFIX}${exceptUser}.`;
  for (const key of Object.keys(storage)) {
    if (key.startsWith(PREFIX) && !(keep && key.startsWith(keep))) storage.removeItem(key);
  }
}

document.addEventListener("submit", ({ target }) => {
  if (target.action.endsWith("/logout/")) forgetKept(localStorage);
});
