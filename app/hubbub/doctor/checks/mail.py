"""Mails can be sent: who forgets a password needs one. Connects only when asked to (`--mail`)."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red, yellow


def look(visit: Visit) -> Findings:
    if not settings.EMAIL_URL:
        text = _("Mails are printed where the server runs: nobody can reset a password.")
        yield yellow("mail", text, _("Set EMAIL_URL to a mail server."))
        return
    if not visit.mail:
        text = _("EMAIL_URL names a mail server; whether it lets us in is not seen without --mail.")
        yield grey("mail", text)
        return
    connection = get_connection()
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        text = _("The mail server does not let us in: %(error)s.") % {"error": error}
        yield red("mail", text, _("Look at host, port, user and password in EMAIL_URL."))
    else:
        yield green("mail", _("The mail server lets us in."))
    finally:
        connection.close()
