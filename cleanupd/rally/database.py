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

"""Rally's own database: which workloads a task has, and what became of it.

The tables are those of ``rally/common/db/models.py`` of Rally 5.1.1, which
have not changed since 2018.  Nothing is ever written.
"""

from collections.abc import Iterable
import pathlib

import msgspec
import sqlalchemy as sa

from cleanupd import exceptions

#: What a task ends with; ``rally/consts.py``.  All else may be a task that works, or one that
#: was killed, which keeps ``running`` for ever.
OVER = frozenset({"finished", "crashed", "aborted", "sla_failed", "validation_failed"})
#: The same of a verification.
OVER_VERIFICATION = frozenset({"finished", "failed", "crashed"})


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


_TASKS = _table("tasks", "uuid", "status", "env_uuid")
_VERIFICATIONS = _table("verifications", "uuid", "status", "env_uuid")
_WORKLOADS = _table("workloads", "uuid", "task_uuid", "name")
_ENVS = _table("envs", "uuid", "name")


class Workload(msgspec.Struct, frozen=True):
    """One workload; its scenario is named as in ``NovaServers.boot_server``."""

    uuid: str
    scenario_name: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task, or one verification, which has no workloads: its own uuid is in names.

    ``env`` is the name of the environment that it runs on, None where that is gone.
    """

    uuid: str
    status: str
    env: str | None
    workloads: tuple[Workload, ...] = ()
    is_over: bool


class Database:
    """Rally's database at a URL of SQLAlchemy; it is connected to at each question."""

    def __init__(self, url: str) -> None:
        """Read the URL; raises RallyUnreadable."""
        try:
            self._url = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise exceptions.RallyUnreadable("[rally] connection", "it is no URL") from error

    @property
    def label(self) -> str:
        """Where it is, for people: without a password."""
        return self._url.render_as_string(hide_password=True)

    def tasks(self, *, env: str | None = None) -> tuple[Task, ...]:
        """Return all tasks and verifications, of one environment if its name or uuid is given.

        Raises RallyUnreadable.
        """
        try:
            engine = sa.create_engine(self._readable(), poolclass=sa.pool.NullPool)
            with engine.connect() as connection:
                return _read(connection, env)
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise exceptions.RallyUnreadable(self.label, reason) from error

    def find(self, uuids: Iterable[str]) -> tuple[Task, ...]:
        """Return these tasks; raises TaskNotExpanded for one that is not there."""
        known = {task.uuid: task for task in self.tasks()}
        found = []
        for uuid in uuids:
            if uuid not in known:
                raise exceptions.TaskNotExpanded(uuid, f"{self.label} has no such task")
            found.append(known[uuid])
        return tuple(found)

    def _readable(self) -> sa.URL:
        """Return the URL by which nothing can be written where that can be said."""
        if self._url.get_backend_name() != "sqlite" or not self._url.database:
            return self._url
        file = pathlib.Path(self._url.database).absolute()
        if not file.is_file():
            raise exceptions.RallyUnreadable(self.label, "there is no such file")
        return self._url.set(database=file.as_uri()).update_query_dict(
            {"mode": "ro", "uri": "true"}
        )


def _read(connection: sa.Connection, env: str | None) -> tuple[Task, ...]:
    workloads: dict[str, list[Workload]] = {}
    # Workloads last: of a task that is over by then, none can be missing.
    found = _select(connection, _TASKS, OVER, env)
    verifications = _select(connection, _VERIFICATIONS, OVER_VERIFICATION, env)
    for uuid, task, name in connection.execute(sa.select(*_WORKLOADS.c)):
        workloads.setdefault(task, []).append(Workload(uuid, name))
    tasks = (
        msgspec.structs.replace(one, workloads=tuple(workloads.get(one.uuid, ()))) for one in found
    )
    return (*tasks, *verifications)


def _select(
    connection: sa.Connection, table: sa.TableClause, over: frozenset[str], env: str | None
) -> list[Task]:
    asked = sa.select(table.c.uuid, table.c.status, _ENVS.c.name).select_from(
        table.outerjoin(_ENVS, _ENVS.c.uuid == table.c.env_uuid)
    )
    if env is not None:
        asked = asked.where(sa.or_(_ENVS.c.name == env, table.c.env_uuid == env))
    return [
        Task(uuid=uuid, status=status, env=name, is_over=status in over)
        for uuid, status, name in connection.execute(asked.order_by(table.c.uuid))
    ]
