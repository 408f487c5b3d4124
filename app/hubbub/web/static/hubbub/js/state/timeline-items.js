/**
 * Lists the items that a timeline shows: days, the "New" divider, notices, messages and unsent
 * messages. Pure: makes items from the state alone. `dayOf` returns the reader's local day of a
 * time.
 */

import { needsDivider } from "./new-divider.js";
import { messagesInWindow } from "./timeline.js";

// Messages that one user sends within this time appear under one name.
const GROUP_MS = 5 * 60_000;

export function itemsOf(timeline, { me, unsent, lobby, dayOf }) {
  const items = [];
  const run = { last: null, day: null, dividerDone: timeline.dividerAfter === null };
  for (const entry of entriesOf(timeline, lobby)) {
    addDay(items, run, entry.at ?? entry.created_at, dayOf);
    if (entry.number === undefined) addNotice(items, run, entry);
    else addMessage(items, run, entry, timeline, me);
  }
  if (timeline.to === Infinity) for (const entry of unsent) addUnsent(items, run, entry, me, dayOf);
  return items;
}

/**
 * The messages and notices of the window, in the order of the log. For the lobby, joins are left
 * out.
 */
function entriesOf(timeline, lobby) {
  const inWindow = ({ seq }) => seq >= timeline.from && seq <= timeline.to;
  const isShown = (event) => inWindow(event) && !(lobby && event.type.startsWith("member."));
  const notices = [...timeline.notices.values()].filter(isShown);
  if (!notices.length) return messagesInWindow(timeline);
  return [...messagesInWindow(timeline), ...notices].sort((one, other) => one.seq - other.seq);
}

function addDay(items, run, at, dayOf) {
  const day = dayOf(at);
  if (day === run.day) return;
  run.day = day;
  run.last = null;
  items.push({ kind: "day", key: `day ${day} ${items.length}`, at });
}

function addNotice(items, run, event) {
  const last = items.at(-1);
  if (last?.kind === "notices") last.events.push(event);
  else items.push({ kind: "notices", key: `notice ${event.seq}`, events: [event] });
  run.last = null;
}

function addMessage(items, run, message, timeline, me) {
  if (!run.dividerDone && message.number > timeline.dividerAfter) {
    run.dividerDone = true;
    if (needsDivider(message, timeline, me)) {
      run.last = null;
      items.push({ kind: "new", key: "new" });
    }
  }
  items.push({
    kind: "message",
    key: `${message.sender.id} ${message.nonce}`,
    message,
    quoted: message.reply_to && (timeline.messages.get(message.reply_to.id) ?? null),
    first: !continuesGroup(run.last, message),
  });
  run.last = message;
}

function continuesGroup(last, message) {
  return (
    last !== null &&
    last.sender.id === message.sender.id &&
    message.reply_to === null &&
    new Date(message.created_at) - new Date(last.created_at) < GROUP_MS
  );
}

function addUnsent(items, run, entry, me, dayOf) {
  addDay(items, run, entry.at, dayOf);
  const last = items.at(-1);
  const first = last.kind === "message" ? last.message.sender.id !== me.id : last.kind !== "unsent";
  items.push({ kind: "unsent", key: `${me.id} ${entry.nonce}`, entry, first });
}
