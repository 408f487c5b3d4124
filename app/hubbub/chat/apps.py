from django.apps import AppConfig
from django.conf import settings

from hubbub.private_files import tighten


class ChatConfig(AppConfig):
    name = "hubbub.chat"
    label = "chat"

    def ready(self) -> None:
        from hubbub.chat import signals  # noqa: F401  (connects the receivers)

        tighten(settings.DATA_DIR if settings.EMBEDDED else None, settings.PRIVATE_FILES)
