"""Rooms in the Django admin, where owners search, archive and restore them.

The messages of the rooms are not shown here.
"""

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms
from hubbub.chat.admin.bulk_actions import ReadOnlyAdmin, apply_to_each
from hubbub.chat.admin.site import site
from hubbub.chat.models import Room


@admin.register(Room, site=site)
class RoomAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "members", "messages", "created_at", "archived_at")
    list_filter = ("kind", ("archived_at", EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("-pk",)
    fields = ("name", "kind", "is_lobby", "members", "messages", "created_at", "archived_at")
    actions = ("archive", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        doctor_room = {"kind": Room.Kind.DIRECT, "memberships__user__hidden": True}
        return super().get_queryset(request).exclude(**doctor_room)

    @admin.action(description=gettext_lazy("Archive selected rooms"))
    def archive(self, request: HttpRequest, chosen: QuerySet[Room]) -> None:
        def act(owner: User, room: Room) -> Room:
            return rooms.archive(owner, room_id=room.pk)

        apply_to_each(self, request, chosen, act, _("Archived"))

    @admin.action(description=gettext_lazy("Restore selected rooms"))
    def restore(self, request: HttpRequest, chosen: QuerySet[Room]) -> None:
        def act(owner: User, room: Room) -> Room:
            return rooms.restore(owner, room_id=room.pk)

        apply_to_each(self, request, chosen, act, _("Restored"))
