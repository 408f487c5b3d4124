"""The schemas of requests and responses, as the OpenAPI document shows them.

`chat.serializers` and `chat.queries` build the responses; the schemas here describe and check them.
An optional field that has no value is left out of the response (`exclude_unset`), never null.
"""

from typing import Annotated, Any, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from hubbub.chat.pagination import MAX_NOTICES
from hubbub.chat.queries import MAX_FOUND_ROOMS, MAX_FOUND_USERS

# The database's 64-bit integers.
MAX_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Seq = Annotated[int, Field(ge=0, le=MAX_ID)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Role = Literal["owner", "moderator", "member"]


def documented(**limits: int) -> Any:
    """Show a limit in the OpenAPI document. Only the domain enforces it, with its own messages."""
    return Field(json_schema_extra=dict(limits))


Body = Annotated[str, documented(minLength=1, maxLength=settings.MAX_BODY_CHARS)]
Name = Annotated[str, documented(minLength=1, maxLength=settings.MAX_NAME_CHARS)]
Topic = Annotated[str, documented(maxLength=settings.MAX_TOPIC_CHARS)]


class UserSummary(BaseModel):
    id: int
    name: str


class UserInfo(UserSummary):
    username: str


class Member(UserInfo):
    role: Role


class Me(UserInfo):
    owner: bool = Field(description="Whether you are an owner of the workspace.")


class RoomInfo(BaseModel):
    id: int
    kind: Literal["public", "private", "direct"]
    name: str
    topic: str
    archived_at: Time | None
    seq: int = Field(description="The seq of the last event in its log.")
    messages: int = Field(description="The number of its last message.")
    members: int
    lobby: bool
    role: Role | None = Field(None, description="Your role; absent if you aren't a member.")
    read: int | None = Field(None, description="The number of the last message you have read.")
    with_: UserSummary | None = Field(
        None, alias="with", description="The other user of a direct message."
    )


class Reply(BaseModel):
    id: int
    seq: int
    sender: UserSummary


class MessageInfo(BaseModel):
    id: int
    room: int
    seq: int
    number: int
    rev: int = Field(description="The seq of the event that last changed it.")
    sender: UserSummary
    nonce: str
    body: str
    html: str | None = Field(description="Sanitised HTML; null if the text is plain.")
    created_at: Time
    edited_at: Time | None
    deleted_at: Time | None
    reply_to: Reply | None


class MessagePage(BaseModel):
    seq: int = Field(description="The room's last seq before the page was read.")
    messages: Annotated[list[MessageInfo], documented(maxItems=settings.MAX_PAGE_MESSAGES)] = Field(
        description="Ascending by seq."
    )
    quoted: Annotated[list[MessageInfo], documented(maxItems=settings.MAX_PAGE_MESSAGES)] = Field(
        description="The messages that these messages reply to."
    )
    notices: Annotated[list[dict[str, Any]], documented(maxItems=MAX_NOTICES)] = Field(
        description="The newest of the other events between the messages."
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

FoundRooms = Annotated[list[RoomInfo], documented(maxItems=MAX_FOUND_ROOMS)]
FoundUsers = Annotated[list[UserInfo], documented(maxItems=MAX_FOUND_USERS)]
Members = Annotated[list[Member], documented(maxItems=MAX_MEMBERS)]


class RequestBody(BaseModel):
    """A request body. Strings are not accepted as numbers; unknown fields are ignored."""

    model_config = ConfigDict(strict=True)


class NewRoom(RequestBody):
    name: Name
    kind: Literal["public", "private"]
    topic: Topic = ""


class RoomChange(RequestBody):
    name: Name | None = None
    topic: Topic | None = None


class SelectedUser(RequestBody):
    user: Id


class RoleChange(RequestBody):
    role: Role


class NewMessage(RequestBody):
    body: Body
    nonce: str | None = Field(
        None,
        min_length=1,
        max_length=settings.MAX_NONCE_CHARS,
        description="Sending the same nonce again returns the first message.",
    )
    reply_to: Id | None = None


class MessageEdit(RequestBody):
    body: Body


class ReadPosition(RequestBody):
    number: Seq
