/**
 * The page stores drafts and unsent messages in this browser, under keys that start with
 * `KEY_PREFIX`. Every page loads this module, because signing out on any of them has to clear the
 * storage. It therefore imports nothing.
 */

export const KEY_PREFIX = "hubbub.";

/** Remove everything that the page stored; with `exceptUser`, keep that user's own entries. */
export function clearStorage(storage, exceptUser = null) {
  const keptPrefix = exceptUser === null ? null : `${KEY_PREFIX}${exceptUser}.`;
  for (const key of Object.keys(storage)) {
    const isKept = keptPrefix && key.startsWith(keptPrefix);
    if (key.startsWith(KEY_PREFIX) && !isKept) storage.removeItem(key);
  }
}

globalThis.document?.addEventListener("submit", ({ target }) => {
  if (target.action.endsWith("/logout/")) clearStorage(localStorage);
});
