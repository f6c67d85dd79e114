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

"""Which resources a query finds."""

import pytest

from cleanupd.core import lookup
from cleanupd.core import model
from cleanupd.core import roots
from tests.unit.core import sample

SERVER = "compute.server"


def find_part(record):
    """Return what stands before the first dash of a name."""
    return record.name.partition("-")[0] if record.name else None


@pytest.fixture
def known():
    """Give four servers, one of which has no name, and a network of the same project."""
    servers = (
        sample.record(SERVER, "a", name="two-z", project_id="p", host="cmp1"),
        sample.record(SERVER, "b", name="one-y", project_id="p", host="cmp2"),
        sample.record(SERVER, "c", name="one-x", project_id="q", host="cmp1"),
        sample.record(SERVER, "d", project_id="q"),
    )
    network = sample.record("network.network", "n", name="one-n", project_id="p", host="cmp1")
    return model.Records(
        roots={
            SERVER: roots.KindRoot.build(servers, find_part),
            "network.network": roots.KindRoot.build([network], find_part),
        }
    )


def find(known, parts=(), **restrictions):
    """Return the ids that a query for servers finds, in order."""
    query = lookup.Query(kind=SERVER, **restrictions)
    found = lookup.find(known, query, parts)
    assert found.count == len(found.records)
    return "".join(record.ref.id for record in found.records)


@pytest.mark.parametrize(
    ("restrictions", "ids"),
    [
        ({}, "dcba"),
        ({"id": "b"}, "b"),
        ({"id": "n"}, ""),
        ({"project": "p"}, "ba"),
        ({"host": "cmp1"}, "ca"),
        ({"host": "cmp9"}, ""),
        ({"host": "cmp1", "project": "p"}, "a"),
        ({"id": "b", "host": "cmp1"}, ""),
        ({"id": "a", "host": "cmp1", "project": "p"}, "a"),
    ],
)
def test_all_that_is_asked_for_has_to_fit(known, restrictions, ids):
    """Of the kind alone, by name and then by id."""
    assert find(known, **restrictions) == ids


@pytest.mark.parametrize(
    ("parts", "restrictions", "ids"),
    [
        (("one",), {}, "cb"),
        (("one", "two"), {}, "cba"),
        ((), {}, ""),
        (("one",), {"host": "cmp2"}, "b"),
        (("one",), {"id": "a"}, ""),
        (("one",), {"id": "c", "project": "q"}, "c"),
    ],
)
def test_a_workload_is_found_by_its_parts(known, parts, restrictions, ids):
    """A workload that leaves no part in any name has no resources."""
    assert find(known, parts, workload="a uuid", **restrictions) == ids


def test_a_kind_that_was_not_listed_has_none(known):
    """It is no error."""
    for restrictions in ({}, {"id": "a"}, {"host": "cmp1"}):
        query = lookup.Query(kind="image.image", **restrictions)
        assert lookup.find(known, query, ()) == lookup.Found(count=0, records=())


def test_the_limit_leaves_the_first_and_the_count(known):
    """How many there are is told in any case."""
    found = lookup.find(known, lookup.Query(kind=SERVER, limit=2), ())
    assert [record.ref.id for record in found.records] == ["d", "c"]
    assert found.count == 4
