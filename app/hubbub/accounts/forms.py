"""allauth's forms with our words; the settings name them."""

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm, SignupForm
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = _("Username or e-mail")
        login.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none"}
        # The template has the link: here it would lose the address one came by.
        self.fields["password"].help_text = ""


class SignUpForm(SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username, email = self.fields["username"], self.fields["email"]
        username.help_text = _(
            "Letters, digits, dots, hyphens and underscores. Others see it."
        )
        username.widget.attrs["autocapitalize"] = "none"
        email.label = _("E-mail")
        email.help_text = _(
            "To get back in when you forget the password. Others do not see it."
        )


class ForgottenForm(ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
