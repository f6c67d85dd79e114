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
"""What the tests of the emulated cloud share."""

import pytest

from tests import emulator
from tests.emulator import scenes
from tests.unit.emulator import asking


@pytest.fixture
def cloud() -> emulator.Cloud:
    """A cloud with an administrator, a member and an external network."""
    cloud = emulator.Cloud()
    scenes.ground(cloud)
    return cloud


@pytest.fixture
def admin(cloud: emulator.Cloud) -> asking.Client:
    """The administrator."""
    return asking.Client(cloud, "admin")


@pytest.fixture
def member(cloud: emulator.Cloud) -> asking.Client:
    """A plain member of another project."""
    return asking.Client(cloud, "demo")
