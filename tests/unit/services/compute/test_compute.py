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

"""Servers, keypairs and flavors as Nova reports them."""

import datetime
import json
from typing import Any

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.compute import kinds
from cleanupd.services.compute import resources as managers
from tests.unit.services import answers

USER = "4aaccfb49298417bb7b59f72bdd1a89a"
IMAGE = "66fd40b4-955b-428f-89c7-edd2e91f748a"
SERVERS = managers.ServerManager.TABLE


def server(index: int = 0, **changes: Any) -> resources.Resource:
    """Return the recorded server, with some of its fields changed."""
    record = {**answers.sampled("compute/servers", "servers", index), **changes}
    return SERVERS.decode(json.dumps({"server": record}).encode(), answers.PLACE)


def test_a_server_tells_who_and_when() -> None:
    """Name, project, user and both times come from the answer, in UTC."""
    found = server()
    assert found.name == "sample"
    assert found.project_id == "1b254aaf7bfd40409b452da40a03ebf3"
    assert found.user_id == USER
    assert found.created_at == datetime.datetime(2026, 11, 21, 7, 53, 39, tzinfo=datetime.UTC)
    assert found.launched_at == datetime.datetime(2026, 11, 21, 7, 53, 40, tzinfo=datetime.UTC)
    assert found.status == "ACTIVE"
    assert found.details["locked"] is True


def test_a_server_is_attached_to_what_it_uses() -> None:
    """Flavor by name, keypair by user and name, image and volumes by id."""
    targets = [(edge.sort, edge.target) for edge in server().edges]
    assert targets == [
        (resources.EdgeSort.ATTACHED_TO, answers.ref(kind, used))
        for kind, used in (
            ("compute.flavor", "sample"),
            ("compute.keypair", f"{USER}/sample key_1"),
            ("image.image", IMAGE),
            ("block_storage.volume", "e8a02487-5fcd-46a3-b139-ac44fb3f8b62"),
        )
    ]


def test_a_volume_that_stays_is_no_cascade() -> None:
    """Only volumes with delete_on_termination go with their server."""
    assert server().cascades == ()
    boot = answers.ref("block_storage.volume", "9a91c743-cfac-460d-a4b9-632d2a99c690")
    assert server(1).cascades == (boot,)


def test_a_server_booted_from_a_volume_has_no_image() -> None:
    """The empty string in place of the image makes no edge."""
    assert "image.image" not in {edge.target.kind for edge in server(1).edges}


def test_a_server_that_never_ran_has_no_launch() -> None:
    """A null launched_at is no error: the server is in ERROR or still built."""
    assert server(**{"OS-SRV-USG:launched_at": None}).launched_at is None


def test_a_cell_that_is_down_makes_the_listing_incomplete() -> None:
    """A row with the status UNKNOWN and no name is never taken for a server."""
    cloud = answers.always(answers.sample("compute/servers_down_cell"))
    with pytest.raises(exceptions.ListingIncomplete, match="a cell is down: of server b6b0410f"):
        list(managers.ServerManager.list(cloud, {}))


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (b'{"servers": [{"id": "s1", "status": "UNKNOWN", "links": []}]}', "a cell is down"),
        (b'{"servers": [{"id": "s1"', "truncated"),
        (b"[]", "Expected `object`"),
    ],
)
def test_pages_that_lack_the_servers_of_a_cell_are_no_listing(first: bytes, why: str) -> None:
    """Sorted pages tell nothing of a cell that is down, so they are not believed alone."""
    pages = answers.sample("compute/servers")
    cloud = answers.RecordedCloud(lambda _, path: pages if "/detail" in path else first)
    with pytest.raises(exceptions.ListingIncomplete, match=why):
        list(managers.ServerManager.list(cloud, {}))


def test_a_server_in_a_cell_that_is_down_cannot_be_read() -> None:
    """Read alone, the row says the same."""
    row = answers.sampled("compute/servers_down_cell", "servers", 1)
    cloud = answers.always(json.dumps({"server": row}).encode())
    with pytest.raises(exceptions.MalformedAnswer, match="a cell is down"):
        managers.ServerManager(cloud, server()).read()


def test_a_server_whose_own_status_is_unknown_is_a_server() -> None:
    """UNKNOWN with all fields is a state that Nova has too."""
    assert server(status="UNKNOWN").status == "UNKNOWN"


def test_servers_of_all_projects_are_asked_for() -> None:
    """For all tenants: which are in a cell that is down, then the others in a stable order."""
    cloud = answers.always(b'{"servers": []}')
    list(managers.ServerManager.list(cloud, {}))
    path = "/servers/detail?all_tenants=1&limit=1000&sort_key=created_at&sort_dir=asc"
    assert [one[:2] for one in cloud.requests] == [
        ("GET", "/servers?all_tenants=1"),
        ("GET", path),
    ]
    assert cloud.microversions == {"2.69"}


def test_a_flavor_answers_to_its_name() -> None:
    """Servers name flavors by name, so the name is an alias."""
    found = list(
        managers.FlavorManager.list(answers.always(answers.sample("compute/flavors")), {})
    )
    private = found[-1]
    assert (private.name, private.aliases) == ("sample", ("sample",))
    assert private.details == {"is_public": False}


def test_private_flavors_are_asked_for() -> None:
    """The listing takes flavors of any visibility."""
    cloud = answers.always(b'{"flavors": []}')
    list(managers.FlavorManager.list(cloud, {}))
    assert cloud.requests[0][1] == "/flavors/detail?is_public=none&limit=1000"


def listings(users: list[str], owners: list[str]) -> dict[str, tuple[resources.Resource, ...]]:
    """Return complete listings with these users, and servers of these owners."""
    return {
        "identity.user": tuple(
            resources.Resource(ref=answers.ref("identity.user", one)) for one in users
        ),
        "compute.server": tuple(
            resources.Resource(ref=answers.ref("compute.server", f"s{n}"), user_id=owner)
            for n, owner in enumerate(owners)
        ),
    }


def test_keypairs_of_every_user_are_listed() -> None:
    """Users that Keystone knows and users that only a server remembers are asked for, once."""

    def answer(_method: str, path: str) -> bytes:
        user = path.partition("user_id=")[2].partition("&")[0]
        keypair = {"name": f"of {user}", "type": "ssh", "fingerprint": "3d"}
        return json.dumps({"keypairs": [{"keypair": keypair}]}).encode()

    cloud = answers.RecordedCloud(answer)
    found = list(managers.KeypairManager.list(cloud, listings(["b", "a"], ["a", "gone"])))
    assert [(one.ref.id, one.name, one.user_id) for one in found] == [
        (f"{user}/of {user}", f"of {user}", user) for user in ("a", "b", "gone")
    ]
    assert len(cloud.requests) == 3


def test_one_user_whose_keypairs_fail_fails_the_listing() -> None:
    """An error of one thread is the listing's error."""
    with pytest.raises(exceptions.RequestFailed):
        list(managers.KeypairManager.list(answers.refusing(500), listings(["a", "b"], [])))


def test_a_keypair_is_attached_to_its_user() -> None:
    """Read alone, the keypair tells its user; the date is left out, as lists have none."""
    cloud = answers.always(answers.sample("compute/keypair"))
    listed = resources.Resource(ref=answers.ref("compute.keypair", f"{USER}/sample key_1"))
    found = managers.KeypairManager(cloud, listed).read()
    assert found is not None
    assert found.ref == listed.ref
    assert found.created_at is None
    assert [edge.target for edge in found.edges] == [answers.ref("identity.user", USER)]
    assert cloud.requests[0][1] == f"/os-keypairs/sample%20key_1?user_id={USER}"


def test_a_keypair_of_the_same_name_is_another_one() -> None:
    """Its fingerprint, which lists and a look at it alone tell, says that it was made anew."""
    kind, listed = managers.KeypairManager.KIND, {"name": "k", "type": "ssh"}
    planned, anew = (
        managers.KeypairManager.TABLE.decode(
            json.dumps({"keypair": {**listed, "user_id": "u", "fingerprint": digits}}).encode(),
            answers.PLACE,
        )
        for digits in ("3d:73", "49:91")
    )
    assert planned.ref == anew.ref
    assert any(getattr(planned, name) != getattr(anew, name) for name in kind.identity_fields)


def test_a_keypair_without_a_user_is_an_error() -> None:
    """Which user's it is decides what gets deleted."""
    body = b'{"keypair": {"name": "k", "type": "ssh", "fingerprint": "3d"}}'
    with pytest.raises(exceptions.MalformedAnswer, match="no user_id"):
        managers.KeypairManager.TABLE.decode(body, answers.PLACE)


def test_a_keypair_is_deleted_by_quoted_name_and_user() -> None:
    """The name may hold what a path must not."""
    cloud = answers.always(b"")
    listed = resources.Resource(ref=answers.ref("compute.keypair", "u1/a/b?c d"))
    managers.KeypairManager(cloud, listed).delete()
    assert cloud.requests == [("DELETE", "/os-keypairs/a%2Fb%3Fc%20d?user_id=u1", None, {})]


@pytest.mark.parametrize(("status", "name"), [(409, "Conflict"), (500, "RequestFailed")])
def test_what_nova_has_against_a_removal_passes(status: int, name: str) -> None:
    """A server that cannot go says why."""
    with pytest.raises(exceptions.RequestFailed) as caught:
        managers.ServerManager(answers.refusing(status), server()).delete()
    assert type(caught.value).__name__ == name


def test_what_is_gone_is_removed_and_read_as_none() -> None:
    """404 is success for a removal and None for a read."""
    gone = managers.ServerManager(answers.refusing(404), server())
    assert gone.read() is None
    gone.delete()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"servers": [{}]}', b"\xff"])
def test_what_is_no_list_of_servers_explains_nothing(body: bytes) -> None:
    """Only rows of a down cell are explained as such."""
    assert kinds.explain_servers(body) == ""
