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

"""What stays in the model and what does not."""

import pytest

from cleanupd import exceptions
from cleanupd.engine import sweep as sweeps
from cleanupd.service import keeper as keepers
from tests.unit.core import sample
from tests.unit.service import stage


@pytest.fixture
def cloud():
    """Give a little cloud."""
    return stage.make_cloud()


@pytest.fixture
def keeper(cloud, tmp_path):
    """Give a keeper that has seen nothing."""
    return keepers.Keeper(stage.make_engine(cloud, tmp_path))


def count(knowledge, kind):
    """Return how many resources of a kind are known."""
    return knowledge.snapshot.counts()[kind]


def test_before_the_first_listing_nothing_is_known(keeper):
    """Not even that the cloud is empty."""
    assert keeper.kept is None


def test_who_asks_first_lists_the_cloud(keeper):
    """An answer is never made of nothing."""
    assert count(keeper.known(), "network.network") == 1


def test_the_model_is_not_asked_for_anew(keeper, cloud):
    """What is known is told without a listing, unless one of now is wanted."""
    keeper.observe()
    cloud.records.clear()
    assert count(keeper.known(), "network.network") == 1
    assert count(keeper.known(is_fresh=True), "network.network") == 0


def test_a_kind_that_fails_keeps_its_last_records(keeper, cloud):
    """The model keeps them with the reason; what was seen now lacks them."""
    keeper.observe()
    cloud.broken["network.network"] = exceptions.ServiceUnreachable("network", "u", "down")
    now = keeper.observe()
    assert count(now, "network.network") == 0
    assert count(keeper.kept, "network.network") == 1
    assert not keeper.kept.snapshot.trust["network.network"].is_fresh


def test_a_listing_that_breaks_off_leaves_the_model(keeper, cloud):
    """Nothing is forgotten because Keystone did not answer."""
    keeper.observe()
    before = keeper.kept

    def fail():
        raise exceptions.ServiceUnreachable("identity", "u", "down")

    cloud.visibility = fail
    with pytest.raises(exceptions.ServiceUnreachable):
        keeper.observe()
    assert keeper.kept is before


def test_other_settings_leave_the_model(keeper):
    """What the options change is the engine."""
    before = keeper.observe()
    old = keeper.engine
    keeper.rebuild(sweeps.Settings(list_workers=1))
    assert keeper.engine is not old
    assert keeper.engine.settings.list_workers == 1
    assert keeper.kept.snapshot is before.snapshot


def test_sightings_outlive_a_failed_listing(keeper, cloud):
    """A kind that could not be listed once is not younger afterwards."""
    keypair = sample.record("compute.keypair", "key", name=sample.name())
    cloud.add(keypair)
    since = keeper.observe().sightings[keypair.ref]
    cloud.broken["compute.keypair"] = exceptions.ServiceUnreachable("compute", "u", "down")
    keeper.observe()
    cloud.broken.clear()
    assert keeper.observe().sightings[keypair.ref] == since
