"""Messages in the Django admin: their room, sender and times, and a way to delete them.

The text of a message is in no list, form, search or history. Deleting a message cannot be undone,
so it must be confirmed.
"""

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hubbub.accounts.models import User
from hubbub.chat.actions import messages
from hubbub.chat.admin.bulk_actions import ReadOnlyAdmin, apply_to_each
from hubbub.chat.admin.site import site
from hubbub.chat.models import Message


@admin.register(Message, site=site)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "room", "number", "sender", "created_at", "edited_at", "deleted_at")
    list_filter = ("created_at", ("deleted_at", EmptyFieldListFilter), "room__kind")
    list_select_related = ("room", "sender")
    search_fields = ("sender__username", "sender__name", "room__name")
    show_full_result_count = False
    ordering = ("-pk",)
    fields = ("room", "number", "sender", "created_at", "edited_at", "deleted_at")
    actions = ("delete",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        shown = super().get_queryset(request).filter(sender__hidden=False)
        return shown.defer("body", "html")

    @admin.action(description=gettext_lazy("Delete selected messages"))
    def delete(self, request: HttpRequest, chosen: QuerySet[Message]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, chosen)

        def act(owner: User, message: Message) -> Message:
            return messages.delete(owner, message_id=message.pk)

        apply_to_each(self, request, chosen, act, _("Deleted"))
        return None

    def _ask(self, request: HttpRequest, chosen: QuerySet[Message]) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Delete these messages?"),
            "opts": self.opts,
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/delete_messages.html", context)
