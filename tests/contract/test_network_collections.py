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
"""What all of Neutron's collections do alike, tried on each of them.

Sources: API reference, Networking v2.0; statuses and types seen on a real Neutron 29.
"""

from collections.abc import Callable
import contextlib
import dataclasses
import itertools
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import network

Base = network.Base
Body = network.Body

NUMBER = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Sort:
    """One collection: names, what a POST of one needs, what differs from the others."""

    path: str
    singular: str
    needs: Callable[[Base], Body]
    missing: str
    mark: str = "description"
    keeps_markers: bool = False
    is_bulk: bool = True
    is_tagged: bool = True
    revision: int | None = 0
    is_changed: bool = True

    @property
    def key(self) -> str:
        """The key of a list."""
        return self.path[1:].replace("-", "_")

    def make(self, base: Base, mark: str = "") -> Any:
        """One of it, marked so that a list can be filtered by it."""
        fields = {self.mark: mark or base.prefix, **self.needs(base)}
        return base.make(self.path, self.singular, **fields)


def _nothing(_base: Base) -> Body:
    return {}


def _subnet(base: Base) -> Body:
    number = next(NUMBER)
    cidr = f"10.78.{number}.0/24"
    return {"network_id": base.network["id"], "ip_version": 4, "cidr": cidr}


def _port(base: Base) -> Body:
    return {"network_id": base.network["id"], "fixed_ips": []}


def _floating_ip(base: Base) -> Body:
    return {"floating_network_id": base.external["id"]}


def _rule(base: Base) -> Body:
    if not base.group:
        base.group = base.make("/security-groups", "security_group", name=base.prefix)
    ports = {"port_range_min": next(NUMBER), "port_range_max": 1000}
    return {
        "security_group_id": base.group["id"],
        "direction": "ingress",
        "protocol": "tcp",
        **ports,
    }


def _trunk(base: Base) -> Body:
    return {"port_id": base.port()["id"]}


def _pool(base: Base) -> Body:
    return {"name": base.prefix, "prefixes": ["10.79.0.0/16"]}


SORTS = (
    Sort("/networks", "network", _nothing, "NetworkNotFound", keeps_markers=True, revision=1),
    Sort("/subnets", "subnet", _subnet, "SubnetNotFound"),
    Sort("/ports", "port", _port, "PortNotFound", keeps_markers=True, revision=1),
    Sort(
        *("/routers", "router", _nothing, "RouterNotFound"),
        keeps_markers=True,
        is_bulk=False,
        revision=1,
    ),
    Sort("/floatingips", "floatingip", _floating_ip, "FloatingIPNotFound", is_bulk=False),
    Sort("/security-groups", "security_group", _nothing, "SecurityGroupNotFound", revision=1),
    Sort(
        *("/security-group-rules", "security_group_rule", _rule, "SecurityGroupRuleNotFound"),
        is_tagged=False,
        is_changed=False,
    ),
    Sort("/trunks", "trunk", _trunk, "TrunkNotFound", is_bulk=False),
    Sort("/subnetpools", "subnetpool", _pool, "SubnetPoolNotFound", is_bulk=False),
    Sort(
        *("/address-scopes", "address_scope", lambda _: {"ip_version": 4}, "AddressScopeNotFound"),
        mark="name",
        is_tagged=False,
        revision=None,
    ),
)
EACH = pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.key)
BULK = [sort for sort in SORTS if sort.key != "address_scopes"]  # a bug of Neutron 29: 500
TAGGED = [sort for sort in SORTS if sort.is_tagged]
CHANGED = [sort for sort in SORTS if sort.is_changed]
REVISED = [sort for sort in SORTS if sort.revision is not None]


def each(sorts: list[Sort]) -> pytest.MarkDecorator:
    """As EACH, of some."""
    return pytest.mark.parametrize("sort", sorts, ids=lambda sort: sort.key)


@pytest.fixture(scope="module")
def base(people: callers.People, undo_module: contextlib.ExitStack) -> Base:
    """The member's network and what is made for the tests."""
    return network.settle(people, undo_module)


@pytest.fixture(scope="module")
def things(base: Base) -> Callable[[Sort], Body]:
    """One of each, made when it is first asked for."""
    made: dict[str, Body] = {}

    def thing(sort: Sort) -> Body:
        if sort.key not in made:
            made[sort.key] = sort.make(base)
        return made[sort.key]

    return thing


@pytest.fixture(scope="module")
def wishes(base: Base) -> Callable[[Sort], Body]:
    """What a POST of one needs, found when it is first asked for."""
    found: dict[str, Body] = {}

    def wish(sort: Sort) -> Body:
        if sort.key not in found:
            found[sort.key] = sort.needs(base)
        return found[sort.key]

    return wish


Things = Callable[[Sort], Body]


@EACH
def test_made_is_shown_and_listed(people: callers.People, things: Things, sort: Sort) -> None:
    """What a POST answers, a GET shows and a list has, to the member, reader and administrator."""
    made = things(sort)
    path = f"{sort.path}/{made['id']}"
    assert made["project_id"] == made["tenant_id"] == people.member.project_id
    for caller in (people.member, people.reader, people.admin):
        shown = network.get(caller, path)
        assert shown["id"] == made["id"]
        assert shown[sort.mark] == made[sort.mark]
        (listed,) = network.get(caller, sort.path, id=made["id"])
        assert set(listed) == set(shown)
    assert set(network.get(people.admin, path)) >= set(network.get(people.member, path))


@EACH
def test_new_revision(things: Things, sort: Sort) -> None:
    """Networks, ports, routers and groups begin at revision 1, others at 0, scopes have none."""
    assert things(sort).get("revision_number") == sort.revision


@EACH
def test_nothing_there(people: callers.People, sort: Sort) -> None:
    """What is not there is the collection's 404, for GET, PUT and DELETE."""
    for method, body in (("GET", None), ("DELETE", None)):
        answer = network.ask(people.admin, method, f"{sort.path}/{network.NOWHERE}", body)
        assert network.refusal(answer) == (404, sort.missing)
    body = {sort.singular: {}}
    answer = network.ask(people.admin, "PUT", f"{sort.path}/{network.NOWHERE}", body)
    assert network.refusal(answer) == (404, sort.missing)


@EACH
def test_reader_may_not(
    people: callers.People, things: Things, wishes: Things, sort: Sort
) -> None:
    """A reader of the project is refused with 403 whatever he would make, change or delete."""
    made = things(sort)
    wanted = {sort.singular: {sort.mark: "x", **wishes(sort)}}
    answer = network.ask(people.reader, "POST", sort.path, wanted)
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    answer = network.ask(people.reader, "DELETE", f"{sort.path}/{made['id']}")
    assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    if sort.is_changed:
        wanted = {sort.singular: {sort.mark: "x"}}
        answer = network.ask(people.reader, "PUT", f"{sort.path}/{made['id']}", wanted)
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")


@EACH
def test_stranger_does_not_see(people: callers.People, things: Things, sort: Sort) -> None:
    """To another project's member it is not there, and his list of it is empty with 200."""
    made = things(sort)
    for method in ("GET", "DELETE"):
        answer = network.ask(people.stranger, method, f"{sort.path}/{made['id']}")
        assert network.refusal(answer)[0] == 404
    assert network.get(people.stranger, sort.path, id=made["id"]) == []


@EACH
def test_no_token(people: callers.People, sort: Sort) -> None:
    """Without a token Neutron's door says 401."""
    answer = network.ask(people.member, "GET", sort.path, authenticated=False)
    assert answer.status_code == 401


@EACH
def test_wrong_bodies(people: callers.People, sort: Sort, wishes: Things) -> None:
    """No object, an unknown field, a read-only one, another's project: 400 HTTPBadRequest."""
    good = wishes(sort)
    for body in (
        {},
        {sort.singular: []},
        {sort.singular: {**good, "bogus": 1}},
        {sort.singular: {**good, "id": network.NOWHERE}},
        {sort.singular: {**good, "project_id": people.stranger.project_id}},
        {sort.singular: {**good, sort.mark: 5}},
    ):
        answer = network.ask(people.member, "POST", sort.path, body)
        assert network.refusal(answer) == (400, "HTTPBadRequest"), body


@EACH
def test_wrong_changes(people: callers.People, things: Things, sort: Sort) -> None:
    """An unknown field, a read-only one, no object: 400 HTTPBadRequest."""
    path = f"{sort.path}/{things(sort)['id']}"
    for body in ({}, {sort.singular: {"bogus": 1}}, {sort.singular: {"id": network.NOWHERE}}):
        answer = network.ask(people.member, "PUT", path, body)
        assert network.refusal(answer) == (400, "HTTPBadRequest"), body


@EACH
def test_wrong_queries(people: callers.People, sort: Sort) -> None:
    """Unknown filters and sort keys, half an order, an odd direction or limit: 400."""
    for query, kind in (
        ({"bogus": 1}, "HTTPBadRequest"),
        ({"sort_key": "bogus", "sort_dir": "asc"}, "HTTPBadRequest"),
        ({"sort_key": "created_at", "sort_dir": "asc"}, "HTTPBadRequest"),
        ({"sort_key": "id"}, "HTTPBadRequest"),
        ({"sort_key": "id", "sort_dir": "up"}, "HTTPBadRequest"),
        ({"limit": "x"}, "BadRequest"),
        ({"limit": "-1"}, "BadRequest"),
    ):
        answer = network.ask(people.member, "GET", sort.path, params=query)
        assert network.refusal(answer) == (400, kind), query


@EACH
def test_fields(people: callers.People, things: Things, sort: Sort) -> None:
    """Only the fields asked for are told; unknown ones are no error."""
    made = things(sort)
    query = {"id": made["id"], "fields": ["id", sort.mark, "bogus"]}
    (listed,) = network.get(people.member, sort.path, **query)
    assert listed == {"id": made["id"], sort.mark: made[sort.mark]}
    shown = network.get(people.member, f"{sort.path}/{made['id']}", fields="id")
    assert shown == {"id": made["id"]}


@EACH
def test_filters(people: callers.People, things: Things, sort: Sort) -> None:
    """Values of one field are alternatives, several fields must all hold."""
    made = things(sort)
    own = {"project_id": people.member.project_id}
    for query, is_there in (
        ({"id": [made["id"], network.NOWHERE]}, True),
        ({"id": made["id"], sort.mark: made[sort.mark]}, True),
        ({"id": made["id"], sort.mark: "nobody"}, False),
        ({"id": made["id"], **own}, True),
        ({"id": made["id"], "tenant_id": people.stranger.project_id}, False),
    ):
        listed = network.get(people.member, sort.path, **query)
        assert [found["id"] for found in listed] == [made["id"]] * is_there, query


@each(REVISED)
def test_filter_by_revision(people: callers.People, things: Things, sort: Sort) -> None:
    """Lists can be filtered by revision."""
    made = network.get(people.member, f"{sort.path}/{things(sort)['id']}")
    query = {"id": made["id"], "revision_number": made["revision_number"]}
    assert len(network.get(people.member, sort.path, **query)) == 1
    assert network.get(people.member, sort.path, **{**query, "revision_number": 999}) == []


@EACH
def test_pages(people: callers.People, base: Base, sort: Sort) -> None:
    """Pages give each once, in the order of ids; backwards and in another order too.

    A vanished marker is 404 for networks, ports and routers; the other lists begin again.
    """
    mark = f"{base.prefix}-pages"
    ids = sorted(sort.make(base, mark)["id"] for _ in range(3))
    path, query = sort.path, {sort.mark: mark, "limit": 2, "fields": "id"}

    def page(**more: Any) -> tuple[list[str], dict[str, str]]:
        body = network.ask(people.member, "GET", path, params={**query, **more}).json()
        links = {link["rel"]: link["href"] for link in body[f"{sort.key}_links"]}
        return [found["id"] for found in body[sort.key]], links

    assert page()[0] == ids[:2]
    assert set(page()[1]) == {"next", "previous"}
    assert f"marker={ids[1]}" in page()[1]["next"]
    assert page(marker=ids[1])[0] == ids[2:]
    assert set(page(marker=ids[1])[1]) == {"previous"}
    assert page(marker=ids[2])[0] == []
    assert page(marker=ids[2], page_reverse=True)[0] == ids[:2]
    assert page(marker=ids[1], page_reverse=True)[0] == ids[:1]
    assert set(page(marker=ids[1], page_reverse=True)[1]) == {"next"}
    assert page(page_reverse=True)[0] == ids[1:]
    order = {"sort_key": "id", "sort_dir": "desc"}
    assert page(**order)[0] == ids[:0:-1]
    assert page(**order, marker=ids[1])[0] == ids[:1]
    answer = network.ask(people.member, "GET", path, params={**query, "marker": network.NOWHERE})
    if sort.keeps_markers:
        assert network.refusal(answer) == (404, sort.missing)
    else:
        assert [found["id"] for found in answer.json()[sort.key]] == ids[:2]


@each(CHANGED)
def test_change(people: callers.People, things: Things, sort: Sort) -> None:
    """A PUT changes what it names, and raises the revision; an empty one changes nothing.

    But of a subnet pool an empty one is a new revision.
    """
    path = f"{sort.path}/{things(sort)['id']}"

    def put(**fields: str) -> Any:
        return network.one(network.ask(people.member, "PUT", path, {sort.singular: fields}))

    before = network.get(people.member, path)
    changed = put(**{sort.mark: "changed"})
    assert changed[sort.mark] == "changed"
    assert network.get(people.admin, path)[sort.mark] == "changed"
    same = put()
    assert same[sort.mark] == "changed"
    if sort.revision is not None:
        assert changed["revision_number"] == before["revision_number"] + 1
    if sort.revision is not None and sort.key != "subnetpools":
        assert same["revision_number"] == changed["revision_number"]
    put(**{sort.mark: before[sort.mark]})


@each(REVISED)
def test_revisions(people: callers.People, base: Base, sort: Sort) -> None:
    """A DELETE or PUT of a stale revision is 412; If-Match with the present one deletes.

    What If-Match says besides ``revision_number=N`` does not count; a number must be one.
    """
    made = sort.make(base)
    path = f"{sort.path}/{made['id']}"

    def delete(match: str) -> Any:
        return network.ask(people.member, "DELETE", path, headers={"If-Match": match})

    stale = (412, "RevisionNumberConstraintFailed")
    assert network.refusal(delete("revision_number=77")) == stale
    assert network.refusal(delete("revision_number=x")) == (400, "BadRequest")
    if sort.is_changed:
        wanted = {sort.singular: {sort.mark: "x"}}
        headers = {"If-Match": "revision_number=77"}
        answer = network.ask(people.member, "PUT", path, wanted, headers=headers)
        assert network.refusal(answer) == stale
    present = network.get(people.member, path)["revision_number"]
    assert delete(f"revision_number={present}").status_code == 204
    assert network.refusal(delete(f"revision_number={present}")) == (404, sort.missing)


@each(BULK)
def test_bulk(people: callers.People, base: Base, wishes: Things, sort: Sort) -> None:
    """Several are made at once or none; routers, floating IPs, trunks, pools only one by one."""
    good = [{sort.mark: f"{base.prefix}-bulk", **wishes(sort)} for _ in range(2)]
    if sort.key == "subnets":
        good[1] = {**good[0], **_subnet(base)}
    if sort.key == "security_group_rules":
        good[1] = {**good[0], "protocol": "udp"}
    answer = network.ask(people.member, "POST", sort.path, {sort.key: [good[0], {"bogus": 1}]})
    assert network.refusal(answer) == (400, "HTTPBadRequest")
    answer = network.ask(people.member, "POST", sort.path, {sort.key: []})
    assert network.refusal(answer) == (400, "HTTPBadRequest")
    answer = network.ask(people.member, "POST", sort.path, {sort.key: good})
    if not sort.is_bulk:
        assert network.refusal(answer) == (400, "HTTPBadRequest")
        return
    made = network.one(answer)
    for found in made:
        base.undo.callback(network.ask, people.admin, "DELETE", f"{sort.path}/{found['id']}")
    assert len(made) == 2


@each(TAGGED)
def test_tags(people: callers.People, things: Things, sort: Sort) -> None:
    """Tags are set together and one by one, filtered by, and are a new revision each."""
    made = things(sort)
    path = f"{sort.path}/{made['id']}"
    tags = f"{path}/tags"

    def listed(**query: str) -> int:
        return len(network.get(people.member, sort.path, id=made["id"], **query))

    def status(method: str, below: str = "", body: Any = None) -> int:
        return network.ask(people.member, method, f"{tags}{below}", body).status_code

    assert network.get(people.member, tags) == []
    answer = network.ask(people.member, "PUT", tags, {"tags": ["a", "b"]})
    assert answer.json() == {"tags": ["a", "b"]}
    assert status("POST", body={"tags": ["c"]}) == 200
    assert (status("GET", "/a"), status("GET", "/z")) == (204, 404)
    assert (status("PUT", "/d"), status("PUT", "/d")) == (201, 201)
    assert (status("DELETE", "/d"), status("DELETE", "/d")) == (204, 404)
    shown = network.get(people.reader, path)
    assert sorted(shown["tags"]) == ["a", "b", "c"]
    assert shown["revision_number"] > made["revision_number"]
    assert listed(tags="a,b") == listed(**{"tags-any": "a,z"}) == listed(**{"not-tags": "z"}) == 1
    assert listed(tags="a,z") == listed(**{"not-tags": "a"}) == 0
    assert listed(**{"not-tags-any": "a,z"}) == 0
    assert status("DELETE") == 204
    assert network.get(people.reader, tags) == []


@each(TAGGED)
def test_tags_refused(people: callers.People, things: Things, sort: Sort) -> None:
    """A reader may not set tags, another not even read them; a bad list is 400.

    Of what is not there Neutron 29 cannot tell (500).
    """
    tags = f"{sort.path}/{things(sort)['id']}/tags"
    for caller, method in ((people.reader, "PUT"), (people.stranger, "GET")):
        body = {"tags": []} if method == "PUT" else None
        answer = network.ask(caller, method, tags, body)
        assert network.refusal(answer) == (403, "PolicyNotAuthorized")
    for body in ({}, {"tags": "x"}, {"tags": ["x" * 300]}):
        answer = network.ask(people.member, "PUT", tags, body)
        assert network.refusal(answer) == (400, "InvalidInput")
    answer = network.ask(people.member, "GET", f"{sort.path}/{network.NOWHERE}/tags")
    assert answer.status_code == 500
