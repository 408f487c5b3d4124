"""Checks that e-mail can be sent, which password resets require.

The check connects to the mail server only with `--mail`.
"""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red, yellow


def check(context: CheckContext) -> Results:
    if not settings.EMAIL_URL:
        text = _("E-mails only go to the server's log, so users cannot reset their passwords.")
        yield yellow("mail", text, _("Set EMAIL_URL to a mail server."))
        return
    if not context.mail:
        yield grey("mail", _("EMAIL_URL names a mail server; --mail checks the connection to it."))
        return
    connection = get_connection()
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        text = _("The mail server rejects the connection: %(error)s.") % {"error": error}
        yield red("mail", text, _("Check host, port, user and password in EMAIL_URL."))
    else:
        yield green("mail", _("The mail server accepts the connection."))
    finally:
        connection.close()
