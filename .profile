# Settings that differ on Heroku. Its shell sources this before every process, also for `heroku run`.
# Config vars take precedence.

export PYTHONPATH="$HOME/app"

# Heroku's Redis has a self-signed certificate, at an address that changes.
export REDIS_TLS_VERIFY="${REDIS_TLS_VERIFY:-0}"

# Set PUBLIC_URL for an app with its own domain. Otherwise Heroku provides the address, after
# `heroku labs:enable runtime-dyno-metadata`, which also provides the git revision for the version.
if [ -z "${PUBLIC_URL:-}" ] && [ -n "${HEROKU_APP_DEFAULT_DOMAIN_NAME:-}" ]; then
    export PUBLIC_URL="https://$HEROKU_APP_DEFAULT_DOMAIN_NAME"
fi

# One proxy, with or without nginx: the router appends to X-Forwarded-For, and nginx replaces it.
export TRUSTED_PROXIES="${TRUSTED_PROXIES:-1}"

# SIGKILL follows 30 s after SIGTERM, and a replica needs up to ten more seconds after the drain.
export DRAIN_SECONDS="${DRAIN_SECONDS:-15}"

# The smallest plan of Postgres has 20 connections: see "Heroku" in docs/operations.md.
export WEB_THREADS="${WEB_THREADS:-3}"
export REALTIME_THREADS="${REALTIME_THREADS:-2}"
