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

"""Sweeps with their plans, events and results; first sightings; budgets spent."""

from typing import Any

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
#: What SQLAlchemy calls the dialect depends on the URL and on the server.
_MYSQL: dict[str, Any] = {
    f"{name}_{key}": value for name in ("mysql", "mariadb") for key, value in _OPTIONS.items()
}


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "sweeps",
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
        **_MYSQL,
    )
    op.create_index(
        "ix_sweeps_cloud_region",
        "sweeps",
        ["cloud", "region"],
        mysql_length={"cloud": 64, "region": 64},
        mariadb_length={"cloud": 64, "region": 64},
    )
    for name in ("steps", "results"):
        op.create_table(
            name,
            _sweep_id(primary_key=True),
            sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("content", _LONG, nullable=False),
            **_MYSQL,
        )
    op.create_table(
        "events",
        sa.Column("id", _SERIAL, primary_key=True),
        _sweep_id(index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("cloud", sa.String(255), nullable=False),
        *_ref(),
        sa.Column("reason", _LONG),
        **_MYSQL,
    )
    op.create_table(
        "sightings",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("cloud", sa.String(255), nullable=False),
        sa.Column("observed_in", sa.String(255), nullable=False),
        *_ref(),
        sa.Column("first_seen_at", sa.String(32), nullable=False),
        **_MYSQL,
    )
    op.create_index(
        "ix_sightings_cloud_observed_in",
        "sightings",
        ["cloud", "observed_in"],
        mysql_length={"cloud": 64, "observed_in": 64},
        mariadb_length={"cloud": 64, "observed_in": 64},
    )
    op.create_table(
        "spent",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("cloud", sa.String(255), nullable=False),
        sa.Column("region", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("sweep_id", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        **_MYSQL,
    )
    op.create_index(
        "ix_spent_cloud_region_at",
        "spent",
        ["cloud", "region", "at"],
        mysql_length={"cloud": 64, "region": 64},
        mariadb_length={"cloud": 64, "region": 64},
    )
    op.create_table(
        "protections",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("cloud", sa.String(255), nullable=False),
        sa.Column("region", sa.String(255), nullable=False),
        sa.Column("content", _LONG, nullable=False),
        **_MYSQL,
    )
    op.create_table(
        "epochs",
        sa.Column("cloud", sa.String(255), primary_key=True),
        sa.Column("region", sa.String(255), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        **_MYSQL,
    )
    op.create_table(
        "daemons",
        sa.Column("cloud", sa.String(255), primary_key=True),
        sa.Column("region", sa.String(255), primary_key=True),
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("epoch", sa.Integer),
        **_MYSQL,
    )
    op.create_table(
        "observations",
        sa.Column("cloud", sa.String(255), primary_key=True),
        sa.Column("region", sa.String(255), primary_key=True),
        sa.Column("part", sa.String(255), primary_key=True),
        sa.Column("content", _LONG, nullable=False),
        **_MYSQL,
    )


def _sweep_id(*, primary_key: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(
        "sweep_id",
        sa.String(64),
        sa.ForeignKey("sweeps.id", ondelete="CASCADE"),
        primary_key=primary_key,
        index=index,
        nullable=False,
    )


def _ref() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("region", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("resource_id", _LONG, nullable=False),
    )
