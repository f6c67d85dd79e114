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

import datetime

import pytest

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import generators
from cleanupd.core import patterns
from cleanupd.engine import sweep as sweeps
from tests.unit.core import sample
from tests.unit.service import stage

NETWORK = "network.network"


def count(knowledge, kind):
    """Return how many resources of a kind are known."""
    return knowledge.snapshot.counts()[kind]


def test_before_the_first_listing_nothing_is_known(keeper):
    """Not even that the cloud is empty."""
    assert not keeper.is_filled
    assert not keeper.snapshot().roots


def test_who_asks_first_lists_the_cloud(keeper):
    """An answer is never made of nothing."""
    assert count(keeper.known(), NETWORK) == 1
    assert keeper.is_filled


def test_the_model_is_not_asked_for_anew(keeper, cloud):
    """What is known is told without a listing, unless one of now is wanted."""
    keeper.known()
    cloud.records.clear()
    assert count(keeper.known(), NETWORK) == 1
    assert count(keeper.known(is_fresh=True), NETWORK) == 0


def test_a_service_is_listed_by_itself(keeper, cloud):
    """What was found is told, and what else is known stays."""
    keeper.known()
    cloud.records.clear()
    kinds = [kind for kind in sample.KINDS if kind.startswith("network.")]
    assert keeper.synchronize("network") == f"0 resources of {len(kinds)} kinds"
    assert count(keeper.known(), NETWORK) == 0
    assert count(keeper.known(), "compute.server") == 1


def test_a_kind_that_fails_keeps_its_last_records(keeper, cloud):
    """They are not to be believed, and the reason is told."""
    keeper.known()
    cloud.broken[NETWORK] = exceptions.ServiceUnreachable("network", "u", "down")
    with pytest.raises(exceptions.SyncIncomplete, match=r"not listed: network\.network \(.*down"):
        keeper.synchronize("network")
    now = keeper.known()
    assert count(now, NETWORK) == 1
    assert not now.snapshot.trust[NETWORK].is_fresh


def test_a_kind_that_was_never_listed_is_not_in_the_model(keeper, cloud):
    """An empty list would look as if there were none."""
    cloud.broken[NETWORK] = exceptions.ServiceUnreachable("network", "u", "down")
    now = keeper.known().snapshot
    assert NETWORK not in now.roots
    assert not now.trust[NETWORK].is_fresh


def test_the_model_is_as_old_as_its_oldest_kind(keeper):
    """Nothing looks fresher than it is."""
    keeper.known()
    before = keeper.snapshot()
    keeper.synchronize("network")
    assert keeper.snapshot().taken_at == before.taken_at
    keeper.known(is_fresh=True)
    assert keeper.snapshot().taken_at > before.taken_at


def test_what_was_removed_is_read(keeper, cloud):
    """The model follows a sweep where no message comes."""
    keeper.known()
    [network] = [ref for ref in cloud.records if ref.kind == NETWORK]
    del cloud.records[network]
    keeper.touch([network])
    keeper.collectors["network"].read_touched()
    assert count(keeper.known(), NETWORK) == 0


def test_other_settings_leave_the_model(keeper):
    """What the options change is the engine."""
    before = keeper.known()
    old = keeper.engine
    keeper.rebuild(sweeps.Settings(list_workers=1))
    assert keeper.engine is not old
    assert keeper.engine.settings.list_workers == 1
    assert keeper.known().snapshot == before.snapshot


def test_sightings_outlive_a_failed_listing(keeper, cloud):
    """A kind that could not be listed once is not younger afterwards."""
    keypair = sample.record("compute.keypair", "key", name=sample.name())
    cloud.add(keypair)
    since = keeper.known(is_fresh=True).sightings[keypair.ref]
    cloud.broken["compute.keypair"] = exceptions.ServiceUnreachable("compute", "u", "down")
    keeper.known(is_fresh=True)
    cloud.broken.clear()
    assert keeper.known(is_fresh=True).sightings[keypair.ref] == since
    assert isinstance(since, datetime.datetime)


def test_what_is_removed_rests_on_no_message(keeper, cloud):
    """An observation is a listing apart from the model, and leaves it as it is."""
    keeper.known()
    forged = sample.record(NETWORK, "forged", name=sample.name("net"), project_id="p")
    keeper.collectors["network"].apply(
        changes.Updated(forged, stage.now() + datetime.timedelta(minutes=1))
    )
    assert keeper.snapshot().get(forged.ref) is not None
    assert keeper.observe().snapshot.get(forged.ref) is None
    cloud.records.clear()
    assert count(keeper.observe(), NETWORK) == 0
    assert keeper.snapshot().get(forged.ref) is not None


def test_what_is_known_is_found_by_new_forms_of_names(keeper, cloud):
    """A form that the options have from now on is looked for in all names, without a listing."""
    cloud.add(sample.record("network.network", "mine", name="mine_abcdef12_12345678"))
    keeper.known(is_fresh=True)
    cloud.records.clear()
    form = patterns.Pattern("mine_XXXXXXXX_XXXXXXXX")
    keeper.rebuild(sweeps.Settings(names=(*generators.BUILTIN_PATTERNS, form)))
    keeper.collectors["network"].read_touched()
    assert [one.ref.id for one in keeper.snapshot().of_workload("abcdef12")] == ["mine"]
