"""The pages' views, one module per page or group of pages. Called from `web.urls`."""
