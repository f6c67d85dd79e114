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
"""Immutable indexes and roots: what they find is what a scan would find."""

from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from cleanupd.core import indexes
from cleanupd.core import resources
from cleanupd.core import roots

IDS = st.lists(st.integers(0, 30).map(str), unique=True, max_size=20)


def ref(kind, id_):
    """Return the ref of a resource of one cloud and region."""
    return resources.Ref("c", "r", kind, id_)


def server(id_, **fields):
    """Return a server."""
    return resources.Resource(ref=ref("compute.server", id_), **fields)


@given(before=IDS, changes=st.lists(st.integers(0, 30).map(str), max_size=40))
def test_a_bucket_is_a_set(before, changes):
    """Whatever comes and goes, a bucket has what a set has, and older ones stay as they were."""
    bucket, expected = indexes.Bucket.build(before), set(before)
    for member in changes:
        older, known = bucket, set(expected)
        bucket = bucket.removed(member) if member in expected else bucket.extended((member,))
        expected ^= {member}
        assert sorted(bucket) == sorted(expected)
        assert len(bucket) == len(expected)
        assert sorted(older) == sorted(known)


def test_parts_can_be_found_in_another_way():
    """The records are the same, what has no part any more is in none, the old root as it was."""
    found = roots.KindRoot.build(
        (server("a", name="x-1"), server("b", name="y")), lambda r: r.name
    )
    again = found.found_by(lambda record: record.name[0] if "-" in record.name else None)
    assert again.records is found.records
    assert {part: sorted(again.parts[part]) for part in again.parts} == {"x": ["a"]}
    assert sorted(found.parts) == ["x-1", "y"]


def test_a_bucket_stays_a_set_when_it_is_large():
    """Thousands of members stand in many chunks, and a bucket that outgrows them gets more."""
    many = [str(number) for number in range(5000)]
    bucket = indexes.Bucket.build(many[:10])
    for member in many[10:]:
        bucket = bucket.extended((member,))
    assert sorted(bucket) == sorted(many)
    for member in many[::2]:
        bucket = bucket.removed(member)
    assert sorted(bucket) == sorted(many[1::2])


def test_an_index_knows_its_keys():
    """A key is there as long as something has it."""
    index = indexes.Index.build([("a", "1"), ("a", "2"), ("b", "3")])
    moved = index.changed("3", ("b",), ("a",))
    assert sorted(index) == ["a", "b"]
    assert sorted(moved) == ["a"]
    assert sorted(moved["a"]) == ["1", "2", "3"]
    assert list(moved["b"]) == []
    assert sorted(moved.changed("4", (), ("d",))) == ["a", "d"]
    assert moved.changed("1", ("a",), ("a",)) is moved


def test_a_root_finds_by_each_index():
    """Project, host, edge, cascade and part of the name each lead to the record."""
    flavor, disk = ref("compute.flavor", "f"), ref("block_storage.volume", "v")
    one = server(
        "1",
        name="s_rally_5a3b1c22_x",
        project_id="p",
        host="cmp1",
        edges=(resources.attached_to(flavor), resources.attached_to(flavor)),
        cascades=(disk,),
    )
    root = roots.KindRoot.build(
        [one, server("2")], lambda record: (record.name or "")[8:16] or None
    )
    assert list(root.projects["p"]) == ["1"]
    assert list(root.hosts["cmp1"]) == ["1"]
    assert list(root.targets[flavor]) == ["1"]
    assert list(root.targets[disk]) == ["1"]
    assert list(root.parts["5a3b1c22"]) == ["1"]


def test_a_root_finds_by_user_and_alias():
    """Also what has no project at all, and after a change."""
    flavor = resources.Resource(ref=ref("compute.flavor", "1"), aliases=("m1",), user_id="u")
    root = roots.KindRoot.build([flavor])
    assert list(root.projects[None]) == list(root.users["u"]) == list(root.aliases["m1"]) == ["1"]
    other = resources.Resource(ref=flavor.ref, aliases=("m2",), user_id="v", project_id="p")
    changed = root.replaced("1", other)
    assert not [*changed.projects[None], *changed.users["u"], *changed.aliases["m1"]]
    assert list(changed.users["v"]) == list(changed.aliases["m2"]) == ["1"]
    assert (len(root.users), len(root.replaced("1", None).users)) == (1, 0)


def test_a_root_follows_its_records():
    """A record that moves, comes or goes is found where it is, and the older root is as it was."""
    before = roots.KindRoot.build([server("1", host="cmp1")])
    moved = before.replaced("1", server("1", host="cmp2"))
    assert list(moved.hosts["cmp1"]) == []
    assert list(moved.hosts["cmp2"]) == ["1"]
    grown = moved.replaced("2", server("2", host="cmp2"))
    assert sorted(grown.hosts["cmp2"]) == ["1", "2"]
    assert list(grown.replaced("1", None).hosts["cmp2"]) == ["2"]
    assert grown.replaced("9", None).records == grown.records
    assert list(before.hosts["cmp1"]) == ["1"]


def test_a_root_follows_what_its_records_lead_to():
    """A server whose volume is another one leads to that alone; what it loses is not led to."""
    old, new = (ref("block_storage.volume", id_) for id_ in ("old", "new"))
    root = roots.KindRoot.build(
        [server("1", edges=(resources.attached_to(old),), cascades=(old,))]
    )
    moved = root.replaced("1", server("1", edges=(resources.attached_to(new),)))
    assert list(moved.targets[old]) == []
    assert list(moved.targets[new]) == ["1"]
    assert list(moved.replaced("1", None).targets) == []
    assert list(root.targets[old]) == ["1"]


def test_a_first_listing_of_nothing_is_no_other_root():
    """There is nothing, as before."""
    empty = roots.KindRoot.build(())
    assert empty.relisted(()) == (empty, frozenset())


def test_an_index_follows_keys_that_many_have():
    """Many ids of a key come all at once, one by one, and go again; other keys stay."""
    many = [str(number) for number in range(500)]
    index = indexes.Index.build([("a", "x")]).grown({"a": many, "b": many[:3]})
    assert sorted(index["a"]) == sorted([*many, "x"])
    grown = index.grown({"a": ["y"]}).changed("z", (), ("a",))
    assert sorted(grown["a"]) == sorted([*many, "x", "y", "z"])
    moved = grown.changed("x", ("a",), ("a", "b"))
    assert sorted(moved["b"]) == sorted([*many[:3], "x"])
    for one in [*many, "x", "y", "z"]:
        moved = moved.changed(one, ("a",), ())
    assert sorted(moved) == ["b"]
    assert sorted(index["a"]) == sorted([*many, "x"])


@pytest.fixture(params=[10_000, 0], ids=["few", "many"])
def limit(request, monkeypatch):
    """Have a root count as one with few records, and as one with many."""
    monkeypatch.setattr(roots, "_FEW", request.param)


@pytest.mark.usefixtures("limit")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=IDS, after=st.lists(st.tuples(st.integers(0, 30).map(str), st.booleans())))
def test_a_listing_is_what_the_root_is_then(before, after):
    """Whatever was known, a root has what is listed last, and tells what it lacks."""
    known = roots.KindRoot.build([server(id_, host="cmp1") for id_ in before])
    listed = [server(id_, host="cmp1" if is_old else "cmp2") for id_, is_old in after]
    root, missing = known.relisted(listed)
    expected = {record.ref.id: record for record in listed}
    assert dict(root.records.items()) == expected
    assert missing == set(before) - expected.keys()
    for host in ("cmp1", "cmp2"):
        assert sorted(root.hosts[host]) == sorted(i for i, r in expected.items() if r.host == host)
    assert sorted(known.hosts["cmp1"]) == sorted(before)


@pytest.mark.usefixtures("limit")
def test_what_is_listed_as_it_was_stays_the_same():
    """A listing that tells nothing new makes no new records, and no new root."""
    known = roots.KindRoot.build([server("1", name="a"), server("2", name="b")])
    root, _ = known.relisted([server("1", name="a"), server("2", name="b")])
    assert root is known
    root, _ = known.relisted([server("1", name="a"), server("2", name="c")])
    assert root.records["1"] is known.records["1"]


def test_a_record_that_is_listed_twice_is_the_last():
    """Also where thousands stand between the two."""
    others = [server(str(number)) for number in range(2000)]
    root = roots.KindRoot.build([server("7", host="cmp1"), *others, server("7", host="cmp2")])
    assert len(root.records) == 2000
    assert list(root.hosts["cmp1"]) == []
    assert list(root.hosts["cmp2"]) == ["7"]
