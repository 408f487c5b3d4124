/**
 * The page's state of one room (the protocol's `room_info`), and how events and REST answers change
 * it. Pure; called by the store. Events and answers can arrive in any order, so `messages` and
 * `read` never decrease.
 */

const MEMBER_CHANGES = { "member.joined": 1, "member.left": -1 };

/** The room's name. A direct message has the name of the other user. */
export function nameOf(room) {
  return room.with?.name ?? room.name;
}

export function unreadOf(room) {
  return room.read === undefined ? 0 : Math.max(0, room.messages - room.read);
}

/** Merge another answer about the same room into the current state. */
export function mergeRoom(current, room) {
  if (!current) return room;
  const merged = room.seq >= current.seq ? { ...current, ...room } : { ...room, ...current };
  merged.name = room.name || current.name;
  merged.messages = Math.max(current.messages, room.messages);
  if (current.read !== undefined) merged.read = Math.max(current.read, room.read ?? 0);
  return merged;
}

/** Return the fields of a room that an event of its log changes. */
export function changesOf(info, event, me) {
  // The room's row already included the event, so it must not be counted again.
  if (event.seq <= info.seq) return {};
  return {
    seq: event.seq,
    messages: Math.max(info.messages, event.message?.number ?? 0),
    members: info.members + (MEMBER_CHANGES[event.type] ?? 0),
    ...ownRoleChange(event, me),
    ...(event.room_info ? mergeRoom(info, event.room_info) : {}),
  };
}

function ownRoleChange(event, me) {
  const isMine = event.type === "member.role_changed" && event.user?.id === me.id;
  return isMine ? { role: event.role } : {};
}
