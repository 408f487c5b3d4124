"""The API's own page at /api/docs: Swagger UI from our static files, within the strict CSP."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update

# Swagger UI sets style attributes; scripts stay as strict as everywhere.
allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})
