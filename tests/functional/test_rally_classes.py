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

"""The table of Rally's classes beside the installed Rally."""

import importlib
import json
import os
import pathlib
import subprocess

import pytest

pytestmark = [pytest.mark.functional, pytest.mark.rally]

ROOT = pathlib.Path(__file__).parents[2]
PYTHON = os.environ.get("RALLY_PYTHON", str(ROOT / ".venv-rally" / "bin" / "python"))
LIST = """\
import json
from rally import plugins
plugins.load()
from rally.common.plugin import discover
from rally_openstack.task.cleanup import base
names = {f"{one._service}.{one._resource}" for one in discover.itersubclasses(base.ResourceManager)
         if one.__module__ == "rally_openstack.task.cleanup.resources" and one._service}
print(json.dumps(sorted(names)))
"""
#: They came after the release that is installed.
LATER = {"neutron.firewall_group", "neutron.firewall_policy", "neutron.firewall_rule"}


def test_the_table_has_every_class_of_rally(monkeypatch):
    """None that Rally cleans is forgotten, and none is invented."""
    monkeypatch.syspath_prepend(ROOT / "doc" / "ext")
    classes = [name for name, _, _ in importlib.import_module("rally_classes").CLASSES]
    ended = subprocess.run(
        [PYTHON, "-c", LIST], capture_output=True, text=True, check=True, timeout=120
    )
    assert sorted({*json.loads(ended.stdout), *LATER}) == sorted(classes)
