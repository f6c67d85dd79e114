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

"""A stage for each test, and nothing bound after it."""

import pytest

from cleanupd import image_cache
from tests.functional.image_cache import disks
from tests.unit.image_cache import stage as stages


@pytest.fixture
def stage(tmp_path):
    """Give a node without any cache."""
    yield stages.Stage(tmp_path)
    image_cache.unbind()


@pytest.fixture(params=list(disks.MAKERS))
def kind(request):
    """Give each type of file system that caches are on."""
    return request.param


@pytest.fixture
def disk(kind, tmp_path):
    """Give a fresh file system of it."""
    with disks.mounted(kind, tmp_path) as place:
        yield place
