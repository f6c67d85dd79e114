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

"""The demo's cloud, and a console on it."""

import pytest

from tests import emulator
from tests.emulator import scenes
from tests.functional import console as consoles


@pytest.fixture
def cloud():
    """Give a cloud in which deleting takes no time."""
    return emulator.Cloud(settings=emulator.Settings(delete_delay_s=0.0))


@pytest.fixture
def cast(cloud):
    """Give the demo: production, a killed benchmark, and a running one."""
    return scenes.demo(cloud)


@pytest.fixture
def console(cloud, cast, tmp_path, monkeypatch, capsys):
    """Give a console on the demo's cloud."""
    del cast
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    with emulator.running(cloud) as url:
        made.describe(url)
        yield made
