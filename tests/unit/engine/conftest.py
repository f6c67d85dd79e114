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

"""A small cloud, and an engine that looks at it."""

import pytest

from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.unit.core.sample import attached
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine.stage import SETTINGS


@pytest.fixture
def cloud():
    """Give a cloud with a benchmark's network, server and project, and a foreign network."""
    return fakes.FakeCloud().add(
        record("identity.project", "p", name=name(letter="c")),
        record("network.network", "net", name=name(), project_id="p"),
        record("network.port", "prt", project_id="p", edges=(attached("network.network", "net"),)),
        record("compute.server", "srv", name=name(), project_id="p"),
        record("network.network", "foreign", name="production"),
    )


@pytest.fixture
def engine(cloud, tmp_path):
    """Give an engine for the cloud."""
    return sweep.Engine(
        cloud, fakes.make_managers(), sql.Journal(places.in_directory(tmp_path)), SETTINGS
    )
