from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "hubbub.chat"
    label = "chat"

    def ready(self) -> None:
        from hubbub.chat import signals  # noqa: F401  (connects the receivers)
