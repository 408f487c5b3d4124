"""Path converters for `web.urls`: ids and seqs that a database can hold; anything else is a 404."""

from django.urls.converters import IntConverter


class NumberConverter(IntConverter):
    regex = "[0-9]{1,18}"  # 64 bits hold every one of them
