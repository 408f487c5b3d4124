/**
 * What the page knows of one room (the protocol's `room_info`), and how events and answers change
 * it. Pure; called by the store. Numbers only grow and `read` never goes back, whatever comes last.
 */

const MEMBERS = { "member.joined": 1, "member.left": -1 };

export function nameOf(room) {
  return room.with?.name ?? room.name;
}

export function unreadOf(room) {
  return room.read === undefined ? 0 : Math.max(0, room.messages - room.read);
}

/** Take another answer about the same room. */
export function mergeRoom(held, room) {
  if (!held) return room;
  const newer = room.seq >= held.seq ? { ...held, ...room } : { ...room, ...held };
  newer.name = room.name || held.name;
  newer.messages = Math.max(held.messages, room.messages);
  if (held.read !== undefined) newer.read = Math.max(held.read, room.read ?? 0);
  return newer;
}

/** Return what an event of the room's log changes of it. */
export function changesBy(info, event, me) {
  // What the room's row said already is not counted again.
  if (event.seq <= info.seq) return {};
  return {
    seq: event.seq,
    messages: Math.max(info.messages, event.message?.number ?? 0),
    members: info.members + (MEMBERS[event.type] ?? 0),
    ...roleBy(event, me),
    ...(event.room_info ? mergeRoom(info, event.room_info) : {}),
  };
}

function roleBy(event, me) {
  const isMine = event.type === "member.role_changed" && event.user?.id === me.id;
  return isMine ? { role: event.role } : {};
}
