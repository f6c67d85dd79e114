# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The database of a journal: connected to when it is first used, and made if it may be."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import pathlib
import threading
from typing import TypeVar
import weakref

from oslo_db import api  # type: ignore[import-untyped]
from oslo_db import exception as db_exceptions
from oslo_db.sqlalchemy import enginefacade  # type: ignore[import-untyped]
import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.journal import places
from cleanupd.journal import schema

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

#: How long one process waits until another has written to a SQLite database.
_BUSY_S = 30

_RETRY = {
    "db_retry_interval": "retry_interval",
    "db_inc_retry_interval": "inc_retry_interval",
    "db_max_retry_interval": "max_retry_interval",
    "db_max_retries": "max_retries",
}


class Database:
    """Reads and writes in transactions, from any thread.

    A connection that is lost, and a deadlock, are tried again as oslo.db's
    options say.  All else that goes wrong is raised as JournalFailed.
    """

    def __init__(self, place: places.Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._opened: sa.Engine | None = None
        self._retry = api.wrap_db_retry(
            retry_on_disconnect=True,
            retry_on_deadlock=True,
            exception_checker=_is_away,
            **{_RETRY[key]: value for key, value in place.options.items() if key in _RETRY},
        )

    @property
    def label(self) -> str:
        """Where it is, for people: without a password."""
        try:
            url = sa.make_url(self._place.url)
        except sa.exc.ArgumentError:
            return "[database] connection"
        return str(_file_of(url) or url.render_as_string(hide_password=True))

    def run(self, work: Work[T]) -> T:
        """Return what ``work`` returns; what it wrote in its transaction is on disk then.

        Who writes writes first: a SQLite transaction that has read cannot wait
        until another process has written.
        """
        engine = self._engine()
        return self._try(lambda: self._run(engine, work))

    @contextlib.contextmanager
    def connected(self) -> Iterator["Connected"]:
        """Give a connection that stays: to make one costs more than to write a little."""
        with self._try(self._engine().connect) as connection:
            yield Connected(connection, self._try)

    @property
    def is_missing(self) -> bool:
        """Whether it is a SQLite database whose file is not there yet."""
        try:
            file = _file_of(sa.make_url(self._place.url))
        except sa.exc.ArgumentError:
            return False
        return file is not None and not file.exists()

    def revision(self) -> str | None:
        """Return the revision that the schema has; None where there are no tables, or no file."""
        if self.is_missing:
            return None
        return self._tell(lambda: self._run_once(_revision))

    def upgrade(self) -> None:
        """Bring the schema up to date."""
        self._tell(lambda: self._run_once(_upgrade))

    def _run_once(self, work: Work[T]) -> T:
        """Return what ``work`` returns, whatever schema there is."""
        engine = self._connect()
        try:
            return self._run(engine, work)
        finally:
            engine.dispose()

    def _engine(self) -> sa.Engine:
        with self._lock:
            if self._opened is None:
                self._opened = self._tell(self._open)
                weakref.finalize(self, self._opened.dispose)
            return self._opened

    def _open(self) -> sa.Engine:
        engine = self._connect()
        try:
            self._check(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _connect(self) -> sa.Engine:
        url = sa.make_url(self._place.url)
        if file := _file_of(url):
            file.parent.mkdir(parents=True, exist_ok=True)
        context = enginefacade.transaction_context()
        context.configure(connection=_with_charset(url), **_for_engine(self._place.options))
        engine: sa.Engine = context.writer.get_engine()
        if file:
            _prepare_sqlite(engine)
        return engine

    def _check(self, engine: sa.Engine) -> None:
        """Make the schema of a SQLite database that is new; refuse any that is not this one's."""
        found = self._run(engine, _revision)
        if found is None and engine.dialect.name == "sqlite":
            found = self._run(engine, _upgrade)
        if found != schema.REVISION:
            raise exceptions.JournalFailed(self.label, self._describe(found))

    def _describe(self, found: str | None) -> str:
        if found is not None and found > schema.REVISION:
            return (
                f"its schema is {found}, which a newer cleanupd made; this one knows"
                f" {schema.REVISION}: install the newer one again"
            )
        state = "it has no tables yet" if found is None else f"its schema is {found}, an old one"
        return f"{state}; run `{self._place.upgrade}`, which makes it {schema.REVISION}"

    @staticmethod
    def _run(engine: sa.Engine, work: Work[T]) -> T:
        with engine.begin() as connection:
            return work(connection)

    def _try(self, attempt: Callable[[], T]) -> T:
        retried: Callable[[], T] = self._retry(attempt)
        return self._tell(retried)

    def _tell(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except (OSError, ImportError, sa.exc.SQLAlchemyError, db_exceptions.DBError) as error:
            raise exceptions.JournalFailed(self.label, _first_line(error)) from error


class Connected:
    """A connection that is made again when it is lost; for one thread at a time."""

    def __init__(
        self, connection: sa.Connection, attempt: Callable[[Callable[[], object]], object]
    ) -> None:
        self._connection = connection
        self._attempt = attempt

    def run(self, work: Work[object]) -> None:
        """Do a piece of work in a transaction, as Database.run does."""
        self._attempt(lambda: self._run(work))

    def _run(self, work: Work[object]) -> object:
        with self._connection.begin():
            return work(self._connection)


def _is_away(error: Exception) -> bool:
    """Whether PostgreSQL, of which oslo.db does not say it, takes no connection."""
    return isinstance(error, sa.exc.OperationalError) and "sqlite3" not in str(error)


def _with_charset(url: sa.URL) -> str:
    """Return the URL with the character set that holds any name; oslo.db's own does not."""
    if url.get_backend_name() in ("mysql", "mariadb") and "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    return url.render_as_string(hide_password=False)


def _for_engine(options: Mapping[str, object]) -> dict[str, object]:
    given = {key: value for key, value in options.items() if key not in _RETRY}
    return given | {"sqlite_fk": True}


def _prepare_sqlite(engine: sa.Engine) -> None:
    """Let others read while one writes, and whoever writes wait for its turn."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection, _):  # type: ignore[no-untyped-def]
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")


def _file_of(url: sa.URL) -> pathlib.Path | None:
    is_file = url.get_backend_name() == "sqlite" and url.database
    return pathlib.Path(url.database or "") if is_file else None


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _upgrade(connection: sa.Connection) -> str:
    # Only who makes or changes a schema needs alembic.
    from cleanupd.journal import migration  # noqa: PLC0415

    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA user_version = 0")  # writes first
    migration.upgrade(connection)
    return schema.REVISION


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
