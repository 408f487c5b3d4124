/**
 * The chat page's entry point, and the only module that its template names. It reads the embedded
 * data, creates the controller, and keeps the address and the title up to date.
 */

import { ChatController } from "./chat-controller.js";
import "./elements/chat-page.js";
import { nameOf } from "./state/room.js";
import { openRoom, unreadTotal } from "./state/selectors.js";
import { formatted, gettext } from "./state/text.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
const chat = new ChatController(data, {
  storage: localStorage,
  socketUrl: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/`,
});

/** Return the room and seq of an address of this site, or null for other addresses. */
function targetOf(url) {
  const match =
    url.origin === location.origin && url.pathname.match(/^\/rooms\/(\d+)(?:\/(\d+))?$/);
  return match ? { room: Number(match[1]), seq: match[2] ? Number(match[2]) : null } : null;
}

/** Open links to rooms and messages without loading the page again. */
function interceptLink(event) {
  const link = event.target.closest?.("a[href]");
  const isPlain = !event.defaultPrevented && event.button === 0;
  const isModified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  const target = link && isPlain && !isModified && targetOf(new URL(link.href));
  if (!target) return;
  event.preventDefault();
  navigate(target);
}

async function navigate({ room, seq }) {
  if (!(await chat.attempt(() => chat.open(room, seq)))) return;
  if (chat.store.state.open !== room) return; // the user has chosen another room since
  const path = seq ? `/rooms/${room}/${seq}` : `/rooms/${room}`;
  if (path !== location.pathname) history.pushState(null, "", path);
}

function updateTitle(state, before) {
  const room = openRoom(state);
  const unread = unreadTotal(state);
  const name = room ? nameOf(room) : gettext("Hubbub");
  document.title = `${unread ? `(${formatted(unread)}) ` : ""}${name} · Hubbub`;
  if (state.open !== before?.open) rememberRoom(state.open);
}

/**
 * Remember the room for the next visit to "/", in LAST_ROOM_COOKIE, which `web/views/home.py`
 * reads.
 */
function rememberRoom(room) {
  document.cookie = `room=${room}; path=/; max-age=31536000; samesite=lax`;
}

/** Go to the lobby when the user is removed from the open room. */
function leaveRemovedRoom(state, before) {
  const { open } = state;
  if (!before.rooms.has(open) || state.rooms.has(open)) return;
  const lobby = [...state.rooms.values()].find((room) => room.lobby);
  if (lobby) navigate({ room: lobby.id, seq: null });
}

chat.store.listen(updateTitle);
chat.store.listen(leaveRemovedRoom);
chat.addEventListener("navigate", (event) => navigate(event.detail));
document.addEventListener("click", interceptLink);
addEventListener("popstate", () => {
  const target = targetOf(location);
  if (target) chat.attempt(() => chat.open(target.room, target.seq));
});

document.querySelector("hub-chat").chat = chat;
updateTitle(chat.store.state);
chat.start();
