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

"""A benchmark's resources that production holds on to, kind by kind."""

import pytest

from cleanupd.core import patterns
from tests.unit.core import sample
from tests.unit.core.sample import name

LIFTED = frozenset({"image.image protected"})


def server(id_="srv", **fields):
    """Return a server, a benchmark's unless its name says else."""
    return sample.record("compute.server", id_, **{"name": name(id_), **fields})


def group(*members, **fields):
    """Return a benchmark's server group with these members."""
    edges = tuple(sample.used_by("compute.server", one) for one in members)
    return sample.record("compute.server_group", "grp", name=name("grp"), edges=edges, **fields)


def port(id_, **fields):
    """Return a port, a benchmark's unless its name says else."""
    return sample.record("network.port", id_, **{"name": name(id_), **fields})


def trunk(*ports, **fields):
    """Return a trunk, a benchmark's unless its name says else."""
    edges = tuple(sample.attached("network.port", one, is_serving=True) for one in ports)
    return sample.record("network.trunk", "trk", **{"name": name("trk"), "edges": edges, **fields})


def volume(id_="vol", **fields):
    """Return a volume, a benchmark's unless its name says else."""
    return sample.record("block_storage.volume", id_, **{"name": name(id_), **fields})


def transfer(**fields):
    """Return the offer of the volume ``vol``."""
    edge = sample.attached("block_storage.volume", "vol", is_serving=True)
    return sample.record("block_storage.transfer", "off", **fields, edges=(edge,))


def backup(id_, *below, **fields):
    """Return a backup of the volume ``vol`` that builds on others."""
    edges = [sample.attached("block_storage.volume", "vol", is_loose=True)]
    edges += [sample.attached("block_storage.backup", one) for one in below]
    fields = {"name": name(id_), **fields}
    return sample.record("block_storage.backup", id_, edges=tuple(edges), **fields)


def volume_type(*users):
    """Return a benchmark's volume type that only some projects may use."""
    edges = tuple(sample.used_by("identity.project", one, is_loose=True) for one in users)
    return sample.record(
        "block_storage.volume_type", "typ", name=name("typ"), aliases=(name("typ"),), edges=edges
    )


def project(id_, **fields):
    """Return a project."""
    return sample.record("identity.project", id_, **fields)


def role(**fields):
    """Return a benchmark's role, which is assigned once."""
    edges = (sample.used_by("identity.role_assignment", "asg", is_loose=True),)
    return sample.record("identity.role", "rol", name=name("rol"), edges=edges, **fields)


def assignment(*owners):
    """Return the assignment of the role, to a user where there is one."""
    edges = tuple(sample.made_for("identity.user", one) for one in owners)
    return sample.record("identity.role_assignment", "asg", edges=edges)


def image(*holds, **fields):
    """Return a benchmark's image with these holds."""
    return sample.record("image.image", "img", name=name("img"), holds=holds, **fields)


def test_a_server_group_goes_after_its_members():
    """The group tells of its members, and they go first."""
    assert sample.order(group("srv"), server()) == ["srv", "grp"]


def test_a_server_group_with_a_foreign_member_stays():
    """It would lose the policy that keeps it off other hosts."""
    found = sample.judge(group("srv", "prod"), server(), server("prod", name="production"))
    assert str(found["grp"].verdict) == "kept"
    assert found["grp"].reason == "the foreign server production (prod) uses it"
    assert str(found["srv"].verdict) == "leak"


def test_a_server_group_stays_with_a_member_that_was_not_listed():
    """A server that came after the listing is nobody we know."""
    found = sample.judge(group("new"))
    assert found["grp"].reason == "the foreign server (new) uses it"


def test_a_server_group_stays_while_servers_are_not_known():
    """Production may be among them."""
    found = sample.judge(group(), broken={"compute.server": "503"})
    assert "compute.server could be tied to it" in found["grp"].reason


def test_a_trunk_goes_before_its_ports_and_after_its_server():
    """Neutron lets go of neither sooner."""
    parent = port("par", edges=(sample.made_for("compute.server", "srv"),))
    order = sample.order(trunk("par", "sub"), parent, port("sub"), server())
    assert order[:2] == ["srv", "trk"]
    assert set(order[2:]) == {"par", "sub"}


def test_a_trunk_goes_before_the_interface_of_a_router():
    """The router goes after its interface, and so after the trunk on it."""
    edge = sample.made_for("network.router", "rtr", is_first=True, is_serving=True)
    router = sample.record("network.router", "rtr", name=name("rtr"))
    order = sample.order(trunk("ifc"), port("ifc", edges=(edge,)), router)
    assert order == ["trk", "ifc", "rtr"]


@pytest.mark.parametrize("foreign", ["par", "sub"])
def test_a_trunk_stays_with_a_foreign_port(foreign):
    """Production's parent or subport would lose its traffic; the other port is held, too."""
    ports = [port(one, **({"name": "web"} if one == foreign else {})) for one in ("par", "sub")]
    found = sample.judge(trunk("par", "sub"), *ports)
    assert found["trk"].reason == f"it serves the foreign port web ({foreign})"
    [other] = {"par", "sub"} - {foreign}
    assert "is kept, uses it" in found[other].reason


def test_ports_on_a_foreign_trunk_stay():
    """A benchmark's port that production took as a subport."""
    found = sample.verdicts(trunk("par", "sub", name="web"), port("par", name="x"), port("sub"))
    assert found == {"sub": "kept"}


def test_a_transfer_goes_before_its_volume():
    """Cinder deletes no volume that is on offer."""
    assert sample.order(transfer(name=name("off")), volume()) == ["off", "vol"]


def test_a_volume_on_foreign_offer_stays():
    """Somebody means to have it."""
    found = sample.judge(transfer(name="gift"), volume())
    assert found["vol"].reason == "the foreign transfer gift (off) uses it"


def test_the_offer_of_a_foreign_volume_stays():
    """To take it back would change production's volume."""
    found = sample.judge(transfer(name=name("off")), volume(name="production"))
    assert found["off"].reason == "it serves the foreign volume production (vol)"


def test_a_chain_of_backups_goes_from_its_end():
    """And does not mind the volume, which may go before or after it."""
    chain = (backup("full"), backup("one", "full"), backup("two", "full", "one"))
    assert sample.order(*chain) == ["two", "one", "full"]


def test_a_backup_under_a_foreign_one_stays():
    """Without it the other cannot be restored."""
    found = sample.judge(backup("full"), backup("one", "full", name="nightly"), volume())
    assert found["full"].reason == "the foreign backup nightly (one) uses it"
    assert str(found["vol"].verdict) == "leak"


def test_a_backup_of_a_foreign_volume_goes():
    """The volume does not need it; a foreign backup does not need the benchmark's volume."""
    found = sample.verdicts(backup("full"), volume(name="production"))
    assert found == {"full": "leak"}


def test_a_volume_type_goes_after_its_volumes():
    """They name it by its name."""
    of_type = (sample.attached("block_storage.volume_type", name("typ")),)
    assert sample.order(volume_type(), volume(edges=of_type)) == ["vol", "typ"]


def test_a_volume_type_of_a_foreign_volume_stays():
    """In the words of the report: who uses it."""
    of_type = (sample.attached("block_storage.volume_type", name("typ")),)
    found = sample.judge(volume_type(), volume(name="production", edges=of_type))
    assert found["typ"].reason == "the foreign volume production (vol) uses it"


def test_a_volume_type_that_a_foreign_project_may_use_stays():
    """Somebody gave it to production."""
    found = sample.judge(volume_type("prod"), project("prod", name="production"))
    assert found["typ"].reason == "the foreign project production (prod) uses it"


def test_a_volume_type_goes_though_the_benchmarks_project_stays():
    """That only the benchmark may use it keeps nothing, and neither does a project of the past."""
    ours = project("prj", name=name("prj", letter="c"))
    found = sample.judge(volume_type("prj", "gone"), ours, unseen=("a service",))
    assert {id_: str(one.verdict) for id_, one in found.items()} == {"prj": "kept", "typ": "leak"}


def test_a_role_of_a_foreign_user_stays():
    """Keystone would remove the assignment with the role."""
    user = sample.record("identity.user", "usr", name="alice")
    found = sample.judge(role(), assignment("usr"), user)
    assert found["rol"].reason == "the foreign role assignment (asg) uses it"


def test_a_role_of_a_group_stays():
    """Who is in the group is not known."""
    assert sample.verdicts(role(), assignment()) == {"rol": "kept"}


def test_a_role_of_a_benchmarks_user_goes():
    """The assignment goes with either."""
    user = sample.record("identity.user", "usr", name=name("usr", letter="c"))
    assert set(sample.order(role(), assignment("usr"), user)) == {"rol", "usr"}


def test_a_role_goes_though_the_benchmarks_user_stays():
    """The user may own what nobody looks at; it only loses the role."""
    user = sample.record("identity.user", "usr", name=name("usr", letter="c"))
    found = sample.judge(role(), assignment("usr"), user, unseen=("a service",))
    assert {id_: str(one.verdict) for id_, one in found.items()} == {"usr": "kept", "rol": "leak"}


def test_a_role_of_a_live_benchmarks_user_stays():
    """Another workload's user has it, and that workload was not selected."""
    user = sample.record(
        "identity.user", "usr", name=name("usr", part=sample.OTHER_PART, letter="c")
    )
    found = sample.judge(role(), assignment("usr"), user)
    assert "which is not selected, uses it" in found["rol"].reason


def test_a_role_goes_with_its_scope():
    """Its own workload's user, of a scope that nobody asked for, does not keep it."""
    user = sample.record("identity.user", "usr", name=name("usr", letter="c"))
    scopes = frozenset({patterns.Scope.SCENARIO})
    found = sample.verdicts(
        role(), assignment("usr"), user, parts={sample.PART: ()}, scopes=scopes
    )
    assert found == {"usr": "active", "rol": "leak"}


def test_a_role_that_a_foreign_one_implies_stays():
    """Who has the foreign one has this one, too."""
    implying = sample.record(
        "identity.role", "boss", name="boss", edges=(sample.attached("identity.role", "rol"),)
    )
    found = sample.judge(role(), implying)
    assert found["rol"].reason == "the foreign role boss (boss) uses it"


def test_what_is_held_stays_and_the_report_says_what_would_lift_that():
    """Protection is somebody's decision."""
    found = sample.judge(image("protected"))
    assert str(found["img"].verdict) == "kept"
    assert found["img"].reason == "it is protected; [image] remove_protected would lift that"


def test_an_option_lifts_a_hold_and_the_evidence_tells():
    """Whoever reads the plan sees what is done to it."""
    found = sample.judge(image("protected"), parts={sample.PART: ()}, lifted=LIFTED)
    assert str(found["img"].verdict) == "leak"
    assert found["img"].evidence[-1] == "it is protected, which [image] remove_protected lifts"


@pytest.mark.parametrize(
    ("hold", "reason"), [("frozen", "it is frozen"), ("unheard-of", "it is unheard-of")]
)
def test_some_holds_nothing_lifts(hold, reason):
    """Those without an option, and those that a kind does not declare."""
    lifted = LIFTED | {"image.image frozen", "image.image unheard-of"}
    found = sample.judge(image("protected", hold), parts={sample.PART: ()}, lifted=lifted)
    assert found["img"].reason == reason


def test_notes_stand_with_the_evidence_of_what_goes():
    """What the removal does besides is for those who read the plan."""
    assert sample.judge(image(notes=("it hums",)))["img"].evidence[-1] == "it hums"
    kept = sample.judge(image("protected", notes=("it hums",)))["img"]
    assert "it hums" not in kept.evidence
