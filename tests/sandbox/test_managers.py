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

"""The managers on the real control plane."""

import openstack
import pytest

from cleanupd import cloud as clouds
from tests.contract import managers

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def door() -> clouds.Cloud:
    """Give the sandbox as cleanupd sees it."""
    return clouds.Cloud.connect("admin")


@pytest.fixture(scope="module")
def sdk() -> openstack.connection.Connection:
    """Give the sandbox as openstacksdk sees it."""
    return openstack.connect(cloud="admin")


class TestManagers(managers.ManagerContract):
    """One resource of each kind, real."""
