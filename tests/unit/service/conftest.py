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

"""A little cloud, and what looks after it."""

import pytest

from tests.unit.service import stage


@pytest.fixture
def cloud():
    """Give a little cloud."""
    return stage.make_cloud()


@pytest.fixture
def keeper(cloud, tmp_path):
    """Give a keeper that has seen nothing."""
    return stage.make_keeper(stage.make_engine(cloud, tmp_path))


@pytest.fixture
def sweeper(keeper):
    """Give a sweeper in mode enforce, and stop it."""
    made = stage.make_sweeper(keeper)
    made.start()
    yield made
    made.stop()
    made.wait()
