"""A database connection of its own that hears NOTIFY, and survives restarts of the server."""

import logging
import random
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

logger = logging.getLogger(__name__)


class Listener:
    """Hears one channel. Not for sharing between processes: each opens its own connection."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def wait(self, seconds: float) -> list[str] | None:
        """The payloads heard, as soon as there is one; an empty list after `seconds` of silence.

        None: the connection is new, so something may have been missed.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
                return None
            heard = self._connection.notifies(timeout=seconds, stop_after=1)
            return [notify.payload for notify in heard]
        except psycopg.OperationalError as exc:
            self._recover(exc)
            return []

    def execute(self, query: sql.Composed, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """The first row of a statement on this connection, which commits by itself.

        None also while the server is away.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection.execute(query, values).fetchone()
        except psycopg.OperationalError as exc:
            self._recover(exc)
            return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        parameters = connections["default"].get_connection_params()
        parameters.pop("cursor_factory", None)
        connection = psycopg.Connection.connect(**parameters, autocommit=True)
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        return connection

    def _recover(self, exc: psycopg.OperationalError) -> None:
        """Forget the connection and pause, each node a little differently, so that a server that
        comes back is not met by all at once."""
        logger.warning("The database is away: %s", str(exc).strip())
        self.close()
        time.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, guards nothing
