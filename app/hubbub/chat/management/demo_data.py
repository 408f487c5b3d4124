"""The demo's people, rooms and talk: what `seed` makes on an empty place.

Everything goes through the actions, as it would if they had typed it. Nonces are fixed, so that
what was said once is not said again.
"""

from dataclasses import dataclass

from hubbub.accounts.models import User
from hubbub.chat.actions import members, messages, rooms
from hubbub.chat.actions.send import send
from hubbub.chat.models import Membership, Message, Room

NAMES = {
    "alice": "Alice Archer",
    "bob": "Bob Baker",
    "charlie": "Charlie Cook",
    "dana": "Dana Dyer",
}

Cast = dict[str, User]


@dataclass(frozen=True, slots=True)
class Line:
    """Something said; `key` names it where a later line replies to it."""

    who: str
    body: str
    key: str = ""
    reply_to: str = ""
    edited_to: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A room: made by the first of its people, the others join or are invited."""

    name: str
    kind: str
    topic: str
    people: tuple[str, ...]
    lines: tuple[Line, ...]
    moderator: str = ""


LOBBY = (
    Line("alice", "Welcome to **Hubbub**! Everyone is in this room. 👋"),
    Line("bob", "Hello all. Where do we talk about the garden?"),
    Line("alice", "In *Garden*: open the directory beside the rooms and join it.", key="where"),
    Line("bob", "Found it, thanks!", reply_to="where"),
    Line("charlie", "Hi! I am new here, and mostly listening."),
    Line("dana", "Good morning. I look after *Garden*, ask me anything."),
)

SCENES = (
    Scene(
        "Garden",
        "public",
        "Beds, bees and who waters when",
        ("alice", "bob", "dana"),
        (
            Line("dana", "The week's plan:\n\n1. compost\n2. beans\n3. the fence", key="plan"),
            Line("bob", "I can take the beans.", reply_to="plan"),
            Line("alice", "Is it *really* still freezing at night?", key="frost"),
            Line(
                "dana",
                "Down to 2 °C tomorrow.",
                reply_to="frost",
                edited_to="Down to 2 °C tomorrow, 5 °C after that.",
            ),
            Line("bob", "My phone number is 0170 555 01", deleted=True),
            Line("bob", "Oops, that was for somebody else."),
            Line("alice", "> Plant in haste, weed at leisure.\n\n~~Saturday~~ Sunday it is."),
        ),
        moderator="dana",
    ),
    Scene(
        "Workshop",
        "public",
        "Code, screws and glue",
        ("bob", "alice", "charlie"),
        (
            Line("bob", "How do I see what a port is used for?", key="port"),
            Line("alice", "```sh\nss -ltnp | grep 8000\n```", reply_to="port"),
            Line("charlie", "Or `lsof -i :8000`, where there is no `ss`.", reply_to="port"),
            Line("bob", "There it is. The manual: https://man7.org/linux/man-pages/man8/ss.8.html"),
        ),
    ),
    Scene(
        "Birthday for Bob",
        "private",
        "Not a word to Bob",
        ("alice", "dana"),
        (
            Line("alice", "Friday at six, and nobody tells Bob.", key="when"),
            Line("dana", "I bring the cake. Lemon or chocolate?", reply_to="when"),
            Line("alice", "Yes."),
        ),
    ),
)

DIRECT = (
    Line("alice", "Are you coming on Friday?", key="friday"),
    Line("bob", "Friday? What is on Friday?", reply_to="friday"),
    Line("alice", "Nothing at all. 🙂"),
)


def play(cast: Cast) -> list[str]:
    """Make the rooms that are not there and what is said in them; return the names of the new."""
    lobby = Room.objects.get(is_lobby=True)
    _speak(cast, lobby, LOBBY)
    made = [scene.name for scene in SCENES if _play_scene(cast, scene)]
    direct = rooms.open_direct(cast["alice"], user_id=cast["bob"].pk)
    if not direct.messages:
        _speak(cast, direct, DIRECT)
    return made


def _play_scene(cast: Cast, scene: Scene) -> bool:
    if Room.objects.filter(name_key=rooms.key_of(scene.name)).exists():
        return False
    maker = cast[scene.people[0]]
    room = rooms.create(maker, name=scene.name, kind=scene.kind, topic=scene.topic)
    for name in scene.people[1:]:
        if room.is_public:
            members.join(cast[name], room_id=room.pk)
        else:
            members.invite(maker, room_id=room.pk, user_id=cast[name].pk)
    if scene.moderator:
        moderator = cast[scene.moderator].pk
        members.change_role(
            maker, room_id=room.pk, user_id=moderator, role=Membership.Role.MODERATOR
        )
    _speak(cast, room, scene.lines)
    return True


def _speak(cast: Cast, room: Room, lines: tuple[Line, ...]) -> None:
    said: dict[str, Message] = {}
    for number, line in enumerate(lines, start=1):
        nonce = f"seed-{room.pk}-{number}"
        if Message.objects.filter(sender=cast[line.who], nonce=nonce).exists():
            return
        reply_to = said[line.reply_to].pk if line.reply_to else None
        message = send(
            cast[line.who], room_id=room.pk, nonce=nonce, body=line.body, reply_to_id=reply_to
        )
        said[line.key] = message
        if line.edited_to:
            messages.edit(cast[line.who], message_id=message.pk, body=line.edited_to)
        if line.deleted:
            messages.delete(cast[line.who], message_id=message.pk)
