"""What goes over this door, in both directions, as the OpenAPI document tells it.

Answers are the frames of `chat.frames` and `chat.reading`: the models describe and check them. A
field that a frame does not have is absent from the answer too (`exclude_unset`), never null.
"""

from typing import Annotated, Any, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from hubbub.chat.pagination import MAX_NOTICES
from hubbub.chat.queries import MAX_FOUND_ROOMS, MAX_FOUND_USERS

# 64 bits, as the database has them.
MAX_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Seq = Annotated[int, Field(ge=0, le=MAX_ID)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Role = Literal["owner", "moderator", "member"]


def told(**limits: int) -> Any:
    """Tell a limit in the document; the domain keeps to it, and says in its own words."""
    return Field(json_schema_extra=dict(limits))


Body = Annotated[str, told(minLength=1, maxLength=settings.MAX_BODY_CHARS)]
Name = Annotated[str, told(minLength=1, maxLength=settings.MAX_NAME_CHARS)]
Topic = Annotated[str, told(maxLength=settings.MAX_TOPIC_CHARS)]


class Person(BaseModel):
    id: int
    name: str


class KnownPerson(Person):
    username: str


class Member(KnownPerson):
    role: Role


class Me(KnownPerson):
    owner: bool = Field(description="Whether this person owns the place.")


class RoomInfo(BaseModel):
    id: int
    kind: Literal["public", "private", "direct"]
    name: str
    topic: str
    archived_at: Time | None
    seq: int = Field(description="How many events its log has.")
    messages: int = Field(description="The number of its last message.")
    members: int
    lobby: bool
    role: Role | None = Field(None, description="One's own; absent where one is not in it.")
    read: int | None = Field(None, description="The number of the last message that one has read.")
    with_: Person | None = Field(None, alias="with", description="The other one, if direct.")


class Reply(BaseModel):
    id: int
    seq: int
    sender: Person


class MessageInfo(BaseModel):
    id: int
    room: int
    seq: int
    number: int
    rev: int = Field(description="The seq of the event that last changed it.")
    sender: Person
    nonce: str
    body: str
    html: str | None = Field(description="Sanitised; null when the text is plain.")
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None
    reply_to: Reply | None


class MessagePage(BaseModel):
    seq: int = Field(description="The room's last seq before the page was read.")
    messages: Annotated[list[MessageInfo], told(maxItems=settings.MAX_PAGE_MESSAGES)] = Field(
        description="Ascending by seq."
    )
    quoted: Annotated[list[MessageInfo], told(maxItems=settings.MAX_PAGE_MESSAGES)] = Field(
        description="Those that the messages reply to."
    )
    notices: Annotated[list[dict[str, Any]], told(maxItems=MAX_NOTICES)] = Field(
        description="The other events between them, the newest."
    )
    has_before: bool
    has_after: bool


class ReadMark(BaseModel):
    room: int
    number: int


class Problem(BaseModel):
    code: Literal["invalid", "forbidden", "not_found", "too_large", "rate_limited", "unavailable"]
    detail: str
    retry_after: float | None = None


MAX_MEMBERS = 200

FoundRooms = Annotated[list[RoomInfo], told(maxItems=MAX_FOUND_ROOMS)]
FoundPeople = Annotated[list[KnownPerson], told(maxItems=MAX_FOUND_USERS)]
Members = Annotated[list[Member], told(maxItems=MAX_MEMBERS)]


class Given(BaseModel):
    """A request's body: no string passes for a number, what is unknown is ignored."""

    model_config = ConfigDict(strict=True)


class NewRoom(Given):
    name: Name
    kind: Literal["public", "private"]
    topic: Topic = ""


class RoomChange(Given):
    name: Name | None = None
    topic: Topic | None = None


class Whom(Given):
    user: Id


class NewRole(Given):
    role: Role


class NewMessage(Given):
    body: Body
    nonce: str | None = Field(
        None,
        min_length=1,
        max_length=settings.MAX_NONCE_CHARS,
        description="Sent again with the same one, it returns the first message.",
    )
    reply_to: Id | None = None


class NewBody(Given):
    body: Body


class SeenNumber(Given):
    number: Seq
