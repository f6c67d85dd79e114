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


"""How resources are read right before their removal."""

import pytest

from cleanupd import exceptions
from cleanupd.engine import reading
from tests.unit.core.sample import record
from tests.unit.engine import fakes

KIND = "compute.server"


class Cloud(fakes.FakeCloud):
    """A cloud whose service tells of several servers, or fails to."""

    trouble_together = None


@pytest.fixture
def cloud():
    """Give a cloud with five servers of a project and one of another."""
    made = Cloud()
    made.add(*(record(KIND, f"s{number}", project_id="p") for number in range(5)))
    return made.add(record(KIND, "other", project_id="q"))


@pytest.fixture
def managers():
    """Give managers of which one can read several at once."""
    found = fakes.make_managers()

    def read_some(cloud, records):
        cloud.log.append(("together", len(records)))
        if cloud.trouble_together is not None:
            raise cloud.trouble_together
        yield from (cloud.records[one.ref] for one in records if one.ref in cloud.records)

    found[KIND].read_some = read_some
    return found


@pytest.fixture
def reader(cloud, managers, clock):
    """Give a reader."""
    return reading.Reader(cloud, managers, clock)


def read_all(reader, cloud, *, project="p"):
    """Expect and read all servers of a project, and return how many are there."""
    records = [one for one in cloud.records.values() if one.project_id == project]
    for one in records:
        reader.expect(one)
    return sum(reader.read(one) is not None for one in records)


def test_several_are_read_by_one_request(reader, cloud):
    """Those of one project that wait for their removal."""
    assert read_all(reader, cloud) == 5
    assert cloud.log == [("together", 5)]


def test_few_are_read_alone(reader, cloud):
    """One of another project has no company."""
    assert read_all(reader, cloud, project="q") == 1
    assert cloud.log == [("read", "other")]


def test_what_was_read_is_believed_for_a_moment(reader, cloud, clock):
    """What waits longer for its removal is read again, with those that wait, too."""
    records = [one for one in cloud.records.values() if one.project_id == "p"]
    for one in records:
        reader.expect(one)
    reader.read(records[0])
    clock.now = reading.FRESH_S + 0.1
    cloud.change(records[1].ref, name="renamed")
    assert reader.read(records[1]).name == "renamed"
    assert cloud.log == [("together", 5), ("together", 4)]


def test_an_answer_counts_from_when_it_is_there(reader, cloud, managers, clock):
    """A service that takes long for it is not asked again for each resource."""
    quick = managers[KIND].read_some

    def slow(cloud, records):
        found = list(quick(cloud, records))
        clock.now += 2 * reading.FRESH_S
        return found

    managers[KIND].read_some = slow
    assert read_all(reader, cloud) == 5
    assert cloud.log == [("together", 5)]


def test_what_is_not_told_of_is_read_alone(reader, cloud):
    """Only that says that it is gone."""
    records = [one for one in cloud.records.values() if one.project_id == "p"]
    for one in records:
        reader.expect(one)
    del cloud.records[records[0].ref]
    assert reader.read(records[0]) is None
    assert cloud.log == [("together", 5), ("read", "s0")]


def test_a_second_reading_is_a_new_one(reader, cloud):
    """A resource whose removal is tried again is not what it was before."""
    [other] = [one for one in cloud.records.values() if one.project_id == "q"]
    read_all(reader, cloud)
    reader.read(other)
    cloud.change(other.ref, name="renamed")
    assert reader.read(other).name == "renamed"


def test_a_service_that_cannot_is_asked_one_by_one(reader, cloud):
    """What is wrong is told of each resource."""
    cloud.trouble_together = exceptions.ServiceUnreachable("compute", "u", "down")
    assert read_all(reader, cloud) == 5
    assert [word for word, _ in cloud.log].count("read") == 5
