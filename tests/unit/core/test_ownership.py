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

"""Whose a resource is."""

import pytest

from cleanupd.core import ownership
from tests.unit.core import sample
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record


def claims(*records):
    """Return the claims by id."""
    found = ownership.find_claims(sample.snapshot(*records), sample.KINDS, sample.MATCHER)
    return {ref.id: claim for ref, claim in found.items()}


def test_a_matching_name_is_a_claim():
    """A name that matches a pattern entirely gives the part of the workload."""
    claim = claims(record("compute.server", "a", name=name()))["a"]
    assert (claim.part, claim.scope) == (sample.PART, "scenario")


@pytest.mark.parametrize(
    "text",
    ["s_rally_backup-of-production", "c_rally_", None, "", name() + "-production", name() + "\n"],
)
def test_a_name_that_only_looks_like_it_is_none(text):
    """Production resources with nasty names are nobody's but production's."""
    assert not claims(record("compute.server", "a", name=text, project_id="prod"))


def test_a_suffix_counts_only_for_its_kind():
    """Servers may have a number behind the name, networks may not."""
    found = claims(
        record("compute.server", "a", name=name() + "_0"),
        record("network.network", "b", name=name() + "_0"),
    )
    assert set(found) == {"a"}


def test_what_is_in_a_benchmarks_project_is_the_benchmarks():
    """An unnamed resource is claimed through its project, and the evidence says so."""
    found = claims(
        record("identity.project", "p", name=name(letter="c")),
        record("network.network", "a", name="default", project_id="p"),
    )
    assert found["a"].scope == "context"
    assert found["a"].evidence[0].startswith("it belongs to project c_rally_")


def test_its_own_name_weighs_more_than_the_project():
    """A resource of one workload in the project of another is the former's."""
    found = claims(
        record("identity.project", "p", name=name(letter="c")),
        record("network.network", "a", name=name(part=sample.OTHER_PART), project_id="p"),
    )
    assert found["a"].part == sample.OTHER_PART


def test_what_belongs_to_a_benchmarks_user_alone_is_the_benchmarks():
    """A keypair, which has no project, is claimed through its user."""
    found = claims(
        record("identity.user", "u", name=name(letter="c")),
        record("compute.keypair", "u/k", name="key", user_id="u"),
    )
    assert "u/k" in found


def test_a_user_alone_does_not_claim_what_is_in_a_project():
    """What a benchmark's user has in somebody's project is not the benchmark's."""
    found = claims(
        record("identity.user", "u", name=name(letter="c")),
        record("block_storage.volume", "v", user_id="u", project_id="prod"),
    )
    assert "v" not in found


def test_what_a_manager_made_is_not_claimed_by_its_project():
    """A port of a share server is its manager's to remove."""
    found = claims(
        record("identity.project", "p", name=name(letter="c")),
        record("network.port", "a", project_id="p", manager="manila:share"),
    )
    assert "a" not in found


def test_what_the_service_made_for_an_owner_is_the_owners():
    """The port of a floating IP has neither name nor project, and follows two edges."""
    found = claims(
        record("network.floating_ip", "f", name=name(), project_id="prod"),
        record("network.port", "a", edges=(made_for("network.floating_ip", "f"),)),
    )
    assert found["a"].evidence[0] == f"the service made it for floating ip {name()}"
    assert len(found["a"].evidence) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "production"},
        {"project_id": "other"},
        {"user_id": "other"},
        {"created_at": sample.NOW - 5 * sample.HOUR},
    ],
)
def test_what_cannot_have_been_made_for_the_owner_is_not(fields):
    """A named, foreign or older resource was attached by somebody, not made for the owner."""
    fields = {"project_id": "prod", **fields}
    found = claims(
        record("compute.server", "s", name=name(), project_id="prod", user_id="u"),
        record("network.port", "a", edges=(made_for("compute.server", "s"),), **fields),
    )
    assert "a" not in found


def test_the_owner_weighs_more_than_the_project():
    """What was made for a scenario's router in a context's project is the scenario's."""
    found = claims(
        record("identity.project", "p", name=name(letter="c")),
        record("network.router", "r", name=name(), project_id="p"),
        record("network.port", "a", project_id="p", edges=(made_for("network.router", "r"),)),
    )
    assert found["a"].scope == "scenario"
    assert found["a"].through is None


def test_an_owner_that_is_the_only_evidence_is_told():
    """What would not be the benchmark's without its owner says so."""
    found = claims(
        record("network.router", "r", name=name(), project_id="prod"),
        record("network.port", "a", project_id="prod", edges=(made_for("network.router", "r"),)),
    )
    assert found["a"].through == sample.ref("network.router", "r")


def boot_disk(**fields):
    """Return a booted server of a real project, and the disk that goes with it."""
    fields = {"project_id": "prod", "user_id": "u", "edges": OF_IMAGE, **fields}
    return (
        record(
            "compute.server",
            "s",
            name=name(),
            project_id="prod",
            user_id="u",
            launched_at=sample.NOW - 3 * sample.HOUR,
            cascades=(sample.ref("block_storage.volume", "v"),),
        ),
        record("block_storage.volume", "v", **fields),
    )


OF_IMAGE = (sample.attached("image.image", "cirros"),)


def test_the_disk_that_nova_made_at_boot_goes_with_its_server():
    """An unnamed disk with delete_on_termination, as old as the boot, is claimed."""
    assert "v" in claims(*boot_disk())


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "production"},
        {"project_id": None},
        {"user_id": "other"},
        {"created_at": None},
        {"created_at": sample.NOW - sample.HOUR},
        {"created_at": sample.NOW - 3.5 * sample.HOUR},
        {"edges": ()},
    ],
)
def test_a_disk_that_was_attached_later_is_not_claimed(fields):
    """delete_on_termination is no proof: anybody can set it on a disk of theirs."""
    assert "v" not in claims(*boot_disk(**fields))


def test_a_blank_disk_is_named_for_its_server():
    """Nova names the blank disks that it makes at boot after the server's id."""
    assert "v" in claims(*boot_disk(name="s-blank-vol", edges=()))


def test_a_disk_that_is_not_listed_is_not_claimed():
    """A server may speak of a disk that is gone."""
    assert set(claims(boot_disk()[0])) == {"s"}


def test_attachment_is_no_evidence():
    """A production resource attached to a benchmark's is production's."""
    found = claims(
        record(
            "compute.server",
            "s",
            name=name(),
            edges=(sample.attached("block_storage.volume", "v"),),
        ),
        record("block_storage.volume", "v", name="production"),
    )
    assert "v" not in found


def test_what_a_stack_made_is_its_benchmarks():
    """Whatever its name is, and in whose project it is."""
    found = claims(
        sample.stack("net", name=name(), project_id="prod"),
        record("network.network", "net", name="stack-net-abc", project_id="prod"),
    )
    assert found["net"].part == sample.PART
    assert found["net"].evidence[0] == f"the service made it for stack {name()}"


@pytest.mark.parametrize(
    "fields", [{"project_id": "other"}, {"created_at": sample.NOW - 9 * sample.HOUR}]
)
def test_what_a_stack_adopted_is_not_its_benchmarks(fields):
    """What is another project's, or older than the stack, was not made for it."""
    fields = {"project_id": "prod", **fields}
    found = claims(
        sample.stack("net", name=name(), project_id="prod"),
        record("network.network", "net", name="production", **fields),
    )
    assert "net" not in found


def test_what_a_production_stack_made_is_nobodys():
    """The stack's own name decides."""
    found = claims(sample.stack("net", name="web"), record("network.network", "net", name="web-n"))
    assert not found
