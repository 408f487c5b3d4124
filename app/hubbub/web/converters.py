"""Path converters for `web.urls`: ids and seqs that fit a database column.

Other numbers give a 404.
"""

from django.urls.converters import IntConverter


class NumberConverter(IntConverter):
    regex = "[0-9]{1,18}"  # every number of 18 digits fits into 64 bits
