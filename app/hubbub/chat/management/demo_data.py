"""The demo's users, rooms and messages, which `seed` creates.

Everything is created by actions, as if the users had typed it. The nonces are fixed, so a second
run repeats no message.
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
    """A message. A later line can reply to it by its `key`."""

    sender: str
    body: str
    key: str = ""
    reply_to: str = ""
    edited_to: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A room. The first member creates it; the others join or are invited."""

    name: str
    kind: str
    topic: str
    members: tuple[str, ...]
    lines: tuple[Line, ...]
    moderator: str = ""


LOBBY = (
    Line("alice", "Welcome to **Hubbub**! Everyone is in this room. 👋"),
    Line("bob", "Hello all. Where do we talk about the garden?"),
    Line("alice", "In *Garden*. Click the plus next to Rooms to find and join it.", key="where"),
    Line("bob", "Found it, thanks!", reply_to="where"),
    Line("charlie", "Hi! I'm new here, so I'm mostly listening."),
    Line("dana", "Good morning. I look after *Garden*, so ask me anything."),
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
            Line("bob", "Oops, that was for someone else."),
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
            Line("bob", "How do I see which process is using a port?", key="port"),
            Line("alice", "```sh\nss -ltnp | grep 8000\n```", reply_to="port"),
            Line("charlie", "Or `lsof -i :8000` if you don't have `ss`.", reply_to="port"),
            Line("bob", "There it is. The manual: https://man7.org/linux/man-pages/man8/ss.8.html"),
        ),
    ),
    Scene(
        "Birthday for Bob",
        "private",
        "Not a word to Bob",
        ("alice", "dana"),
        (
            Line("alice", "Friday at six. And don't tell Bob!", key="when"),
            Line("dana", "I'll bring the cake. Lemon or chocolate?", reply_to="when"),
            Line("alice", "Yes."),
        ),
    ),
)

DIRECT = (
    Line("alice", "Are you coming on Friday?", key="friday"),
    Line("bob", "Friday? What's on Friday?", reply_to="friday"),
    Line("alice", "Nothing at all. 🙂"),
)


def create(cast: Cast) -> list[str]:
    """Create missing rooms and messages. Return the names of the new rooms."""
    lobby = Room.objects.get(is_lobby=True)
    _send_lines(cast, lobby, LOBBY)
    new_rooms = [scene.name for scene in SCENES if _create_scene(cast, scene)]
    direct = rooms.open_direct(cast["alice"], user_id=cast["bob"].pk)
    if not direct.messages:
        _send_lines(cast, direct, DIRECT)
    return new_rooms


def _create_scene(cast: Cast, scene: Scene) -> bool:
    if Room.objects.filter(name_key=rooms.key_of(scene.name)).exists():
        return False
    owner = cast[scene.members[0]]
    room = rooms.create(owner, name=scene.name, kind=scene.kind, topic=scene.topic)
    for name in scene.members[1:]:
        if room.is_public:
            members.join(cast[name], room_id=room.pk)
        else:
            members.invite(owner, room_id=room.pk, user_id=cast[name].pk)
    if scene.moderator:
        moderator = cast[scene.moderator].pk
        members.change_role(
            owner, room_id=room.pk, user_id=moderator, role=Membership.Role.MODERATOR
        )
    _send_lines(cast, room, scene.lines)
    return True


def _send_lines(cast: Cast, room: Room, lines: tuple[Line, ...]) -> None:
    sent: dict[str, Message] = {}
    for number, line in enumerate(lines, start=1):
        nonce = f"seed-{room.pk}-{number}"
        if Message.objects.filter(sender=cast[line.sender], nonce=nonce).exists():
            return
        reply_to = sent[line.reply_to].pk if line.reply_to else None
        message = send(
            cast[line.sender], room_id=room.pk, nonce=nonce, body=line.body, reply_to_id=reply_to
        )
        sent[line.key] = message
        if line.edited_to:
            messages.edit(cast[line.sender], message_id=message.pk, body=line.edited_to)
        if line.deleted:
            messages.delete(cast[line.sender], message_id=message.pk)
