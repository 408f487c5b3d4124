"""How often each statement ran, as Postgres's own pg_stat_statements counts it."""

from typing import Any

from loadtests.lib.servers import Postgres

# What belongs to connections and transactions is no query.
QUERIES = """
    SELECT query, calls FROM pg_stat_statements AS statement
    JOIN pg_database AS database ON database.oid = statement.dbid
    WHERE database.datname = %s AND query ~* '^\\s*(select|insert|update|delete|with)'
    ORDER BY calls DESC
"""
MOST = 12


def forget(postgres: Postgres) -> None:
    postgres.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    postgres.execute("SELECT pg_stat_statements_reset()")


def count(postgres: Postgres, database: str) -> dict[str, Any]:
    """Return how many queries ran in a database since `forget`, how many of them
    read events, and which ran most."""
    rows = postgres.execute(QUERIES, database)
    return {
        "queries": sum(calls for _, calls in rows),
        "log_reads": sum(calls for query, calls in rows if 'FROM "chat_event"' in query),
        "most": [
            {"calls": calls, "query": " ".join(query.split())} for query, calls in rows[:MOST]
        ],
    }
