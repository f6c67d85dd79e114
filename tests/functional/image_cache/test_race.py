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

"""A short sample of ``make campaign-race``."""

import pytest

from tests.functional.image_cache import race

pytestmark = pytest.mark.functional


def test_no_conductor_fails_because_of_cleanupd(tmp_path):
    """For some seconds: none of its passes and fetches, and nothing in use is lost."""
    came = race.run(tmp_path, 6.0)
    assert {name: came["counts"][name] for name in race.FAILURES} == dict.fromkeys(
        race.FAILURES, 0
    ), came["messages"]
    assert came["counts"]["hits"] > 0
    assert came["counts"]["misses"] > 0
