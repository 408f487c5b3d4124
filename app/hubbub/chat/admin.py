"""Django's admin."""

from django.contrib.admin import AdminSite

site = AdminSite()
