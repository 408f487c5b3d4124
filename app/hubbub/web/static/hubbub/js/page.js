/**
 * Where the page begins: the embedded data, the controller, the address, the title. The only module
 * that the template names.
 */

import { Chat } from "./chat.js";
import "./elements/chat-page.js";
import { nameOf } from "./room.js";
import { openRoom, unreadTotal } from "./store.js";
import { gettext } from "./text.js";

const data = JSON.parse(document.getElementById("page-data").textContent);
const chat = new Chat(data, {
  storage: localStorage,
  socketUrl: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/`,
});

/** Return the room and seq of one of our own addresses, or null. */
function placeOf(url) {
  const match =
    url.origin === location.origin && url.pathname.match(/^\/rooms\/(\d+)(?:\/(\d+))?$/);
  return match ? { room: Number(match[1]), seq: match[2] ? Number(match[2]) : null } : null;
}

function openInPlace(event) {
  const link = event.target.closest?.("a[href]");
  const isPlain = !event.defaultPrevented && event.button === 0;
  const isModified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  const place = link && isPlain && !isModified && placeOf(new URL(link.href));
  if (!place) return;
  event.preventDefault();
  go(place);
}

async function go({ room, seq }) {
  if (!(await chat.attempt(() => chat.open(room, seq)))) return;
  if (chat.store.state.open !== room) return; // another one was asked for meanwhile
  const path = seq ? `/rooms/${room}/${seq}` : `/rooms/${room}`;
  if (path !== location.pathname) history.pushState(null, "", path);
}

function tellOutside(state, before) {
  const room = openRoom(state);
  const unread = unreadTotal(state);
  const name = room ? nameOf(room) : gettext("Hubbub");
  document.title = `${unread ? `(${unread}) ` : ""}${name} · Hubbub`;
  if (state.open !== before?.open) rememberRoom(state.open);
}

/** For the next visit of "/": see LAST_ROOM_COOKIE in `web/pages.py`. */
function rememberRoom(room) {
  document.cookie = `room=${room}; path=/; max-age=31536000; samesite=lax`;
}

/** A room that one was put out of cannot stay open. */
function leaveRemoved(state, before) {
  const { open } = state;
  if (!before.rooms.has(open) || state.rooms.has(open)) return;
  const lobby = [...state.rooms.values()].find((room) => room.lobby);
  if (lobby) go({ room: lobby.id, seq: null });
}

chat.store.listen(tellOutside);
chat.store.listen(leaveRemoved);
chat.addEventListener("go", (event) => go(event.detail));
document.addEventListener("click", openInPlace);
addEventListener("popstate", () => {
  const place = placeOf(location);
  if (place) chat.attempt(() => chat.open(place.room, place.seq));
});

document.querySelector("hub-chat").chat = chat;
tellOutside(chat.store.state);
chat.start();
