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

"""Changes of the schema, which alembic makes in the order of ``migrations/versions``."""

import pathlib

from alembic import command
from alembic import config
import sqlalchemy as sa


def configuration(connection: sa.Connection) -> config.Config:
    """Return alembic's configuration for a connection."""
    made = config.Config()
    made.set_main_option("script_location", str(pathlib.Path(__file__).with_name("migrations")))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema up to date; the caller commits."""
    command.upgrade(configuration(connection), "head")
