"""Actions on rooms: create, rename, set the topic, archive, restore, open a direct message."""

from unicodedata import normalize

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.accounts.models import User, validate_name
from hubbub.chat import policies
from hubbub.chat.actions.members import add_member
from hubbub.chat.actions.room_lock import LockedRoom, lock_room
from hubbub.chat.event_recording import record, record_workspace_event
from hubbub.chat.models import Membership, Room
from hubbub.chat.text import clean_line


def create(actor: User, *, name: str, kind: str, topic: str = "") -> Room:
    """Create a public or private room, owned by the actor."""
    name, topic = clean_name(name), clean_topic(topic)
    if kind not in (Room.Kind.PUBLIC, Room.Kind.PRIVATE):
        raise ValidationError(_("A room must be public or private."), code="invalid")
    try:
        with transaction.atomic():
            policies.ensure_may_create(User.objects.get(pk=actor.pk))
            room = Room.objects.create(kind=kind, name=name, name_key=key_of(name), topic=topic)
            add_member(room, actor, actor=actor, role=Membership.Role.OWNER)
    except IntegrityError:
        raise _name_taken() from None
    return room


def rename(actor: User, *, room_id: int, name: str) -> Room:
    name = clean_name(name)
    try:
        with transaction.atomic():
            locked = lock_room(actor, room_id)
            policies.ensure_may_change(locked.actor, locked.room, locked.membership)
            if locked.room.name != name:
                locked.room.name, locked.room.name_key = name, key_of(name)
                _record_changed(locked, "room.renamed", "name", "name_key")
    except IntegrityError:
        raise _name_taken() from None
    return locked.room


@transaction.atomic
def set_topic(actor: User, *, room_id: int, topic: str) -> Room:
    topic = clean_topic(topic)
    locked = lock_room(actor, room_id)
    policies.ensure_may_change(locked.actor, locked.room, locked.membership)
    if locked.room.topic != topic:
        locked.room.topic = topic
        _record_changed(locked, "room.topic_changed", "topic")
    return locked.room


@transaction.atomic
def archive(actor: User, *, room_id: int) -> Room:
    """Make a room read-only and hide it from lists. `restore` undoes this."""
    locked = lock_room(actor, room_id)
    policies.ensure_may_archive(locked.actor, locked.room, locked.membership)
    if locked.room.archived_at is None:
        locked.room.archived_at = timezone.now()
        _record_changed(locked, "room.archived", "archived_at")
    return locked.room


@transaction.atomic
def restore(actor: User, *, room_id: int) -> Room:
    locked = lock_room(actor, room_id)
    policies.ensure_may_archive(locked.actor, locked.room, locked.membership)
    if locked.room.archived_at is not None:
        locked.room.archived_at = None
        _record_changed(locked, "room.restored", "archived_at")
    return locked.room


def open_direct(actor: User, *, user_id: int) -> Room:
    """Return the direct message of two users. Create it if it does not exist.

    Two users never have more than one. Raises `User.DoesNotExist` if there is no such user.
    """
    reachable = User.objects.filter(hidden=actor.hidden, is_active=True, banned_at=None)
    other = reachable.get(pk=user_id)
    if other.pk == actor.pk:
        raise ValidationError(_("Choose someone else to message."), code="invalid")
    policies.ensure_may_enter(User.objects.get(pk=actor.pk))
    key = "{}:{}".format(*sorted((actor.pk, other.pk)))
    try:
        with transaction.atomic():
            return Room.objects.filter(direct_key=key).first() or _create_direct(actor, other, key)
    except IntegrityError:  # the other user created it at the same moment
        return Room.objects.get(direct_key=key)


def clean_name(name: str) -> str:
    name = normalize("NFC", clean_line(name))
    validate_name(name)
    if not 1 <= len(name) <= settings.MAX_NAME_CHARS:
        raise ValidationError(
            _("A room name must have 1 to %(max)d characters.") % {"max": settings.MAX_NAME_CHARS},
            code="invalid",
        )
    return name


def clean_topic(topic: str) -> str:
    topic = clean_line(topic)
    if len(topic) > settings.MAX_TOPIC_CHARS:
        raise ValidationError(
            _("A topic can have at most %(max)d characters.") % {"max": settings.MAX_TOPIC_CHARS},
            code="invalid",
        )
    return topic


def key_of(name: str) -> str:
    """Return the form of a name that must be unique: names that differ only in case are equal."""
    return name.casefold()


def _create_direct(actor: User, other: User, key: str) -> Room:
    room = Room.objects.create(kind=Room.Kind.DIRECT, direct_key=key)
    for user in (actor, other):
        add_member(room, user, actor=actor, role=Membership.Role.MEMBER)
    return room


def _record_changed(locked: LockedRoom, type: str, *changed: str) -> None:
    """Record a change in the room's log and in the workspace log.

    The workspace log informs the members who do not have the room open.
    """
    record(locked.room, type, actor=locked.actor, changed=changed)
    record_workspace_event(type, room=locked.room)


def _name_taken() -> ValidationError:
    return ValidationError(_("A room with that name already exists."), code="invalid")
