/** Joins, leaves and changes of the room as quiet lines; many in a row are folded into one. */

import { html } from "lit";

import { fill, gettext, listOf, ngettext } from "../text.js";
import { exactTimeOf, timeOf } from "../time.js";

const NAMES_SHOWN = 3;

export function noticesView({ events }) {
  const lines = linesOf(events);
  if (events.length === lines.length)
    return html`<div class="notice-lines">${lines.map(line)}</div>`;
  return html`<details class="notice-lines">
    <summary>${lines.map(line)}</summary>
    <ol class="notice-each">
      ${events.map(
        (event) =>
          html`<li>
            <time datetime=${event.at} title=${exactTimeOf(event.at)}>${timeOf(event.at)}</time>
            ${textOf(event, [event])}
          </li>`,
      )}
    </ol>
  </details>`;
}

function line(text) {
  return html`<p dir="auto">${text}</p>`;
}

/** One line for each run of events that say the same of different people. */
function linesOf(events) {
  const runs = [];
  for (const event of events) {
    const run = runs.at(-1);
    if (run && kindOf(run[0]) === kindOf(event)) run.push(event);
    else runs.push([event]);
  }
  return runs.map((run) => textOf(run[0], run));
}

function kindOf(event) {
  return event.type.startsWith("member.") ? `${wordsOf(event)} ${byOther(event)?.id}` : event.seq;
}

function textOf(event, run) {
  const who = namesOf(run.map((each) => each.user ?? each.actor));
  return fill(wordsOf(event), { who, by: event.actor.name, role: roleOf(event) });
}

function namesOf(people) {
  const names = [...new Set(people.map((person) => person.name))];
  if (names.length <= NAMES_SHOWN + 1) return listOf(names);
  const count = names.length - NAMES_SHOWN;
  const others = fill(ngettext("%(count)s other", "%(count)s others", count), { count });
  return listOf([...names.slice(0, NAMES_SHOWN), others]);
}

function byOther(event) {
  return event.user && event.actor.id !== event.user.id ? event.actor : null;
}

function wordsOf(event) {
  const other = byOther(event);
  if (event.type === "member.joined" && other) return gettext("%(by)s added %(who)s");
  if (event.type === "member.left" && other) return gettext("%(by)s removed %(who)s");
  return WORDS[event.type]?.() ?? event.type;
}

const WORDS = {
  "member.joined": () => gettext("%(who)s joined"),
  "member.left": () => gettext("%(who)s left"),
  "member.role_changed": () => gettext("%(by)s made %(who)s %(role)s"),
  "room.renamed": () => gettext("%(by)s renamed the room"),
  "room.topic_changed": () => gettext("%(by)s changed the topic"),
  "room.archived": () => gettext("%(by)s archived the room"),
  "room.restored": () => gettext("%(by)s brought the room back"),
};

export function roleOf({ role }) {
  return ROLES[role]?.() ?? role ?? "";
}

const ROLES = {
  owner: () => gettext("owner"),
  moderator: () => gettext("moderator"),
  member: () => gettext("member"),
};
