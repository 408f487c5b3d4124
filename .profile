# What a dyno differs in from other places. Heroku's shell reads this before every process of the app,
# `heroku run` too. A config var comes first.

export PYTHONPATH="$HOME/app"

# Heroku's Redis has a certificate that nobody signed, at an address that changes.
export REDIS_TLS_VERIFY="${REDIS_TLS_VERIFY:-0}"

# Where the app has its own domain, PUBLIC_URL is set. Else Heroku knows the address, and tells it with
# `heroku labs:enable runtime-dyno-metadata`.
if [ -z "${PUBLIC_URL:-}" ] && [ -n "${HEROKU_APP_DEFAULT_DOMAIN_NAME:-}" ]; then
    export PUBLIC_URL="https://$HEROKU_APP_DEFAULT_DOMAIN_NAME"
fi

# The router adds to X-Forwarded-For, and nginx then says whom it believes: one proxy either way.
export TRUSTED_PROXIES="${TRUSTED_PROXIES:-1}"

# SIGKILL follows 30 s after SIGTERM, and a drain takes ten more than this.
export DRAIN_SECONDS="${DRAIN_SECONDS:-15}"

# The smallest plan of Postgres has 20 connections: see "Heroku" in docs/operations.md.
export WEB_THREADS="${WEB_THREADS:-3}"
export REALTIME_THREADS="${REALTIME_THREADS:-2}"
