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

"""What a snapshot is."""

from cleanupd.core import kinds
from tests.unit.core import sample
from tests.unit.core.sample import record


def test_a_snapshot_finds_what_was_listed():
    """A resource is found by its ref, and only when it was listed."""
    network = record("network.network", "a")
    taken = sample.snapshot(network, broken={"network.port": "503"})
    assert taken.get(network.ref) is network
    assert taken.get(sample.ref("network.network", "b")) is None
    assert taken.get(sample.ref("network.port", "a")) is None


def test_a_snapshot_counts_by_kind():
    """Every listed kind is counted, the empty ones too."""
    counts = sample.snapshot(record("network.network", "a")).counts()
    assert counts["network.network"] == 1
    assert counts["compute.server"] == 0


def test_a_failed_kind_keeps_its_last_good_records():
    """What was not listed now is there as it was, and is not fresh."""
    network = record("network.network", "a")
    earlier = sample.snapshot(network)
    later = sample.snapshot(broken={"network.network": "503"}).after(earlier)
    assert later.get(network.ref) is network
    assert not later.trust["network.network"].is_fresh
    assert later.trust["network.network"].listed_at == sample.NOW
    assert later.trust["network.port"].is_fresh


def test_a_kind_that_never_was_listed_stays_unknown():
    """There is nothing to fall back to before the first good listing."""
    broken = {"network.network": "503"}
    later = sample.snapshot(broken=broken).after(sample.snapshot(broken=broken))
    assert "network.network" not in later.roots


def test_a_kind_knows_its_service_and_who_may_point_to_it():
    """The closure of a kind follows from the declarations."""
    assert sample.KINDS["network.port"].service == "network"
    assert kinds.may_point_to(sample.KINDS, "block_storage.volume_type") == {
        "block_storage.volume"
    }
    assert str(sample.ref("network.port", "a")) == "network.port a"
    assert record("network.port", "a", edges=(sample.made_for("compute.server", "s"),)).owners == (
        sample.ref("compute.server", "s"),
    )
