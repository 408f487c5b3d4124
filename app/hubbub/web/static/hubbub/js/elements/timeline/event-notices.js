/**
 * Shows joins, leaves and changes to the room as small lines, one for each run of similar events.
 */

import { html } from "lit";

import { fill, gettext, listOf, ngettext } from "../../state/text.js";
import { exactTimeOf, timeOf } from "../../state/time.js";

const MAX_NAMES = 3;

export function eventNotices({ events }) {
  const texts = foldedTexts(events);
  if (events.length === texts.length)
    return html`<div class="event-notices">${texts.map(paragraph)}</div>`;
  return html`<details class="event-notices">
    <summary>${texts.map(paragraph)}</summary>
    <ol class="event-notices-details">
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

function paragraph(text) {
  return html`<p dir="auto">${text}</p>`;
}

/** Return one text for each run of events that differ only in the user they concern. */
function foldedTexts(events) {
  const runs = [];
  for (const event of events) {
    const run = runs.at(-1);
    if (run && foldingKey(run[0]) === foldingKey(event)) run.push(event);
    else runs.push([event]);
  }
  return runs.map((run) => textOf(run[0], run));
}

function foldingKey(event) {
  if (!event.type.startsWith("member.")) return event.seq;
  return `${sentenceOf(event)} ${otherActor(event)?.id}`;
}

function textOf(event, run) {
  const who = namesOf(run.map((each) => each.user ?? each.actor));
  return fill(sentenceOf(event), { who, by: event.actor.name });
}

function namesOf(users) {
  const names = [...new Set(users.map((user) => user.name))];
  if (names.length <= MAX_NAMES + 1) return listOf(names);
  const count = names.length - MAX_NAMES;
  const others = fill(ngettext("%(count)s other", "%(count)s others", count), { count });
  return listOf([...names.slice(0, MAX_NAMES), others]);
}

/** The actor, if the event concerns another user; otherwise null. */
function otherActor(event) {
  return event.user && event.actor.id !== event.user.id ? event.actor : null;
}

function sentenceOf(event) {
  const other = otherActor(event);
  if (event.type === "member.joined" && other) return gettext("%(by)s added %(who)s");
  if (event.type === "member.left" && other) return gettext("%(by)s removed %(who)s");
  if (event.type === "member.role_changed") return ROLE_SENTENCES[event.role]?.() ?? event.type;
  return SENTENCES[event.type]?.() ?? event.type;
}

const SENTENCES = {
  "member.joined": () => gettext("%(who)s joined"),
  "member.left": () => gettext("%(who)s left"),
  "room.renamed": () => gettext("%(by)s renamed the room"),
  "room.topic_changed": () => gettext("%(by)s changed the topic"),
  "room.archived": () => gettext("%(by)s archived the room"),
  "room.restored": () => gettext("%(by)s restored the room"),
};

// There is a whole sentence for each role, because roles need different articles and some languages
// inflect them.
const ROLE_SENTENCES = {
  owner: () => gettext("%(by)s made %(who)s an owner"),
  moderator: () => gettext("%(by)s made %(who)s a moderator"),
  member: () => gettext("%(by)s made %(who)s a member"),
};
