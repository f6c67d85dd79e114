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

"""The tables of the journal.  A change here needs a revision in ``migrations``.

Plans, results and certificates are JSON, a row for each step and each result,
so that no row grows with the sweep.  Times are texts in ISO 8601, in UTC.
Nobody relies on the order or the folding of case of a server's collation.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

#: The revision that these tables are.
REVISION = "0001"

METADATA = sa.MetaData()

_LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
#: What SQLAlchemy calls the dialect depends on the URL and on the server.
_MYSQL: dict[str, Any] = {
    f"{name}_{key}": value for name in ("mysql", "mariadb") for key, value in _OPTIONS.items()
}


def _sweep_id(*, is_key: bool) -> sa.Column[str]:
    return sa.Column(
        "sweep_id",
        sa.String(64),
        sa.ForeignKey("sweeps.id", ondelete="CASCADE"),
        primary_key=is_key,
        index=not is_key,
        nullable=False,
    )


def _ref() -> tuple[sa.Column[str], ...]:
    """Return the columns of a ref but for its cloud; no two tables may share a column."""
    return (
        sa.Column("region", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("resource_id", _LONG, nullable=False),
    )


def _index(name: str, *columns: str) -> sa.Index:
    """Return an index whose first two columns are long texts: MariaDB takes their beginning."""
    lengths = dict.fromkeys(columns[:2], 64)
    return sa.Index(name, *columns, mysql_length=lengths, mariadb_length=lengths)


#: ``plan`` is the plan without its steps, None as long as there is none.  ``request`` is what
#: was asked for, as long as an executor has to see to it; ``epoch`` is that of the executor that
#: has begun with it, None while it waits.
SWEEPS = sa.Table(
    "sweeps",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("cloud", sa.String(255), nullable=False),
    sa.Column("region", sa.String(255), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("schedule", sa.String(64)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("ended_at", sa.String(32)),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("note", _LONG),
    sa.Column("certificate", _LONG),
    sa.Column("plan", _LONG),
    sa.Column("request", _LONG),
    sa.Column("epoch", sa.Integer),
    sa.Column("cancelled_by", _LONG),
    _index("ix_sweeps_cloud_region", "cloud", "region"),
    **_MYSQL,
)

STEPS = sa.Table(
    "steps",
    METADATA,
    _sweep_id(is_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", _LONG, nullable=False),
    **_MYSQL,
)

RESULTS = sa.Table(
    "results",
    METADATA,
    _sweep_id(is_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", _LONG, nullable=False),
    **_MYSQL,
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("id", _SERIAL, primary_key=True),
    _sweep_id(is_key=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("cloud", sa.String(255), nullable=False),
    *_ref(),
    sa.Column("reason", _LONG),
    **_MYSQL,
)

#: ``observed_in`` is the region that was looked at; identity's refs have none.
SIGHTINGS = sa.Table(
    "sightings",
    METADATA,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("cloud", sa.String(255), nullable=False),
    sa.Column("observed_in", sa.String(255), nullable=False),
    *_ref(),
    sa.Column("first_seen_at", sa.String(32), nullable=False),
    _index("ix_sightings_cloud_observed_in", "cloud", "observed_in"),
    **_MYSQL,
)

#: ``at`` counts seconds since 1970, so that any database can compare it.
#: No sweep that is forgotten takes what it spent along.
SPENT = sa.Table(
    "spent",
    METADATA,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("cloud", sa.String(255), nullable=False),
    sa.Column("region", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(255), nullable=False),
    sa.Column("sweep_id", sa.String(64), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    _index("ix_spent_cloud_region_at", "cloud", "region", "at"),
    **_MYSQL,
)

#: ``content`` is the protection as JSON.
PROTECTIONS = sa.Table(
    "protections",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("cloud", sa.String(255), nullable=False),
    sa.Column("region", sa.String(255), nullable=False),
    sa.Column("content", _LONG, nullable=False),
    **_MYSQL,
)

#: Who may remove from a region: whoever raised the epoch last.
EPOCHS = sa.Table(
    "epochs",
    METADATA,
    sa.Column("cloud", sa.String(255), primary_key=True),
    sa.Column("region", sa.String(255), primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("since", sa.String(32), nullable=False),
    **_MYSQL,
)

#: Who was there when; ``epoch`` is None for who did not lead then.
DAEMONS = sa.Table(
    "daemons",
    METADATA,
    sa.Column("cloud", sa.String(255), primary_key=True),
    sa.Column("region", sa.String(255), primary_key=True),
    sa.Column("host", sa.String(255), primary_key=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("seen_at", sa.String(32), nullable=False),
    sa.Column("epoch", sa.Integer),
    **_MYSQL,
)

#: What was observed of each workload, as JSON; without a ``part`` the counters of the region.
OBSERVATIONS = sa.Table(
    "observations",
    METADATA,
    sa.Column("cloud", sa.String(255), primary_key=True),
    sa.Column("region", sa.String(255), primary_key=True),
    sa.Column("part", sa.String(255), primary_key=True),
    sa.Column("content", _LONG, nullable=False),
    **_MYSQL,
)
