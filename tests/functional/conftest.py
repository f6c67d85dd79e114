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

import contextlib

import pytest

from tests import emulator
from tests.emulator import __main__ as emulator_command
from tests.emulator import scenes
from tests.functional import console as consoles


@pytest.fixture
def cloud(request):
    """Give a cloud in which deleting takes as long as the module says, no time if it says none."""
    delay_s = getattr(request.module, "DELETE_DELAY_S", 0.0)
    return emulator.Cloud(settings=emulator.Settings(delete_delay_s=delay_s))


@pytest.fixture
def scene(cloud):
    """Give the demo: production, a killed benchmark, and a running one."""
    return scenes.demo(cloud)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Give what serves a cloud until the end; clouds.yaml calls it ``emulated``."""
    with contextlib.ExitStack() as stack:

        def start(cloud):
            url = stack.enter_context(emulator.running(cloud))
            (tmp_path / "clouds.yaml").write_text(emulator_command.clouds_yaml(url))
            monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))

        yield start


@pytest.fixture
def console(cloud, scene, tmp_path, monkeypatch, capsys):
    """Give a console on the demo's cloud."""
    del scene
    made = consoles.make_console(cloud, tmp_path, monkeypatch, capsys)
    with emulator.running(cloud) as url:
        made.describe(url)
        yield made
