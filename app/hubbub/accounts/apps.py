from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "hubbub.accounts"
    label = "accounts"

    def ready(self) -> None:
        from hubbub.accounts import signals  # noqa: F401  (connects the receivers)
