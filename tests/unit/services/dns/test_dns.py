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
"""What Designate has, as it reports it."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.dns import kinds
from cleanupd.services.dns import resources as managers
from tests.unit.services import answers


def zone(**fields: object) -> resources.Resource:
    """Return the recorded zone with other fields."""
    body = json.dumps(answers.sampled("dns/zones", "zones") | fields).encode()
    return managers.ZoneManager.TABLE.decode(body, answers.PLACE)


def recordsets() -> dict[object, resources.Resource]:
    """Return the recorded recordsets by type."""
    cloud = answers.always(answers.sample("dns/recordsets"))
    found = managers.RecordsetManager.TABLE.records(cloud, "/x?")  # type: ignore[arg-type]
    return {one.details["type"]: one for one in found}


def test_a_zone_is_tied_to_the_zones_above_it() -> None:
    """By their names, which are their aliases; nothing is below the root."""
    found = zone(name="a.b.example.org.")
    assert [edge.target.id for edge in found.edges] == ["b.example.org.", "example.org.", "org."]
    assert found.aliases == ("a.b.example.org.",)
    assert zone(name="org.").edges == ()


def test_a_name_is_no_zone() -> None:
    """What a zone is tied to by name, and is not listed, is not asked for: that is 400."""
    cloud = answers.refusing(400, "invalid_uuid")
    above = resources.Resource(ref=answers.ref("dns.zone", "example.org."))
    assert managers.ZoneManager(cloud, above).read() is None  # type: ignore[arg-type]
    assert not cloud.requests


def test_a_zone_that_is_shared_is_held() -> None:
    """Designate 22 and older do not tell, and share none."""
    assert zone(shared=True).holds == ("shared",)
    assert zone(shared=False).holds == ()


def test_of_a_recordset_the_part_before_its_zone_is_the_name() -> None:
    """What Designate makes at the top of a zone has none, and is made for the zone."""
    found = recordsets()
    assert found["A"].name == "s-rally-0badcafe-efgh5678"
    assert found["A"].owners == ()
    for part in ("SOA", "NS"):
        assert found[part].name is None
        assert [ref.kind for ref in found[part].owners] == ["dns.zone"]


def test_another_recordset_at_the_top_of_a_zone_is_somebodys() -> None:
    """It keeps the zone where it is foreign."""
    record = answers.sampled("dns/recordsets", "recordsets")
    record |= {"type": "MX", "name": record["zone_name"]}
    body = json.dumps(record).encode()
    found = managers.RecordsetManager.TABLE.decode(body, answers.PLACE)
    assert (found.name, found.owners) == (None, ())


def test_a_recordset_is_removed_below_its_zone() -> None:
    """Its own address would only lead there."""
    cloud, found = answers.always(b""), recordsets()["A"]
    managers.RecordsetManager(cloud, found).delete()  # type: ignore[arg-type]
    path = f"/zones/{found.edges[0].target.id}/recordsets/{found.ref.id}"
    assert cloud.requests == [("DELETE", path, None, {})]


def test_a_zone_in_use_is_a_conflict() -> None:
    """Designate says 400, for zones below it and for shares."""
    cloud = answers.refusing(400, "Please delete any subzones before deleting this zone")
    with pytest.raises(exceptions.Conflict):
        managers.ZoneManager(cloud, zone()).delete()  # type: ignore[arg-type]


def test_the_suffix_of_a_zone_is_rallys() -> None:
    """Nothing of a person's follows a benchmark's name."""
    assert kinds.ZONE.suffixes == (r"\.name\.",)
