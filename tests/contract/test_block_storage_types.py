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
"""Cinder's volume types, their extra specs, access and encryption; QoS specs."""

import contextlib
import secrets
from typing import Any

import pytest

from tests.contract import callers
from tests.contract import disks

TYPES = "/v3/{project}/types"
QOS = "/v3/{project}/qos-specs"
PUBLIC = "os-volume-type-access:is_public"
RULE = "volume_extension"


def _name() -> str:
    return f"contract-{secrets.token_hex(4)}"


def _type(admin: callers.Caller, undo: contextlib.ExitStack, **fields: Any) -> Any:
    made = admin.make(disks.CINDER, TYPES, {"volume_type": {"name": _name(), **fields}})
    undo.callback(admin.remove, disks.CINDER, f"{TYPES}/{made['id']}")
    return made


def _qos(admin: callers.Caller, undo: contextlib.ExitStack, **fields: Any) -> Any:
    answer = admin.post(disks.CINDER, QOS, {"qos_specs": {"name": _name(), **fields}})
    made = answer.json()["qos_specs"]
    undo.callback(admin.remove, disks.CINDER, f"{QOS}/{made['id']}?force=true")
    return made


@pytest.fixture(scope="module")
def public(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A type for everybody, with an extra spec."""
    specs = {"volume_backend_name": "file1"}
    return _type(people.admin, undo_module, extra_specs=specs, description="d")


@pytest.fixture(scope="module")
def private(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """A type for nobody yet."""
    return _type(people.admin, undo_module, **{PUBLIC: False})


@pytest.fixture(scope="module")
def qos(people: callers.People, undo_module: contextlib.ExitStack) -> Any:
    """QoS specs."""
    return _qos(people.admin, undo_module, consumer="front-end", k="v")


def test_create_type(people: callers.People, undo: contextlib.ExitStack, public: Any) -> None:
    """A type is made at once, by the administrator, with a name of its own."""
    assert (public["is_public"], public[PUBLIC], public["description"]) == (True, True, "d")
    body = {"volume_type": {"name": public["name"]}}
    answer = people.admin.post(disks.CINDER, TYPES, body)
    assert disks.says(answer, 409, f"Volume Type {public['name']} already exists.")
    answer = people.member.post(disks.CINDER, TYPES, body)
    assert disks.says(answer, 403, f"Policy doesn't allow {RULE}:type_create to be performed.")
    answer = people.admin.post(disks.CINDER, TYPES, {"volume_type": {"name": ""}})
    assert disks.says(answer, 400, "'' should be non-empty")
    answer = people.admin.post(disks.CINDER, TYPES, {"volume_type": {}})
    assert disks.says(answer, 400, "'name' is a required property")


def test_show_type(people: callers.People, public: Any, private: Any) -> None:
    """The administrator sees all of it, a member less, a reader least, a private one nobody."""
    path = f"{TYPES}/{public['id']}"
    admin, member, reader = (
        caller.get(disks.CINDER, path).json()["volume_type"]
        for caller in (people.admin, people.member, people.reader)
    )
    assert set(admin) - set(member) == {"qos_specs_id"}
    assert set(member) - set(reader) == {PUBLIC}
    assert (admin["extra_specs"], member["extra_specs"]) == ({"volume_backend_name": "file1"}, {})
    answer = people.member.get(disks.CINDER, f"{TYPES}/{private['id']}")
    assert disks.says(answer, 404, f"Volume type {private['id']} could not be found.")
    assert people.admin.get(disks.CINDER, f"{TYPES}/{private['id']}").status_code == 200


def test_default_type(people: callers.People) -> None:
    """There is a type that volumes get unless asked."""
    shown = people.member.get(disks.CINDER, f"{TYPES}/default").json()["volume_type"]
    assert (shown["name"], shown["is_public"]) == ("file", True)


def test_list_types(people: callers.People, public: Any, private: Any) -> None:
    """A list has public types; the administrator asks for others; a page has a next link."""

    def ids(caller: callers.Caller, query: str) -> set[str]:
        rows = caller.get(disks.CINDER, f"{TYPES}{query}").json()["volume_types"]
        return {row["id"] for row in rows}

    both = {public["id"], private["id"]}
    assert ids(people.member, "?is_public=None") & both == {public["id"]}
    assert ids(people.admin, "") & both == {public["id"]}
    assert ids(people.admin, "?is_public=None") & both == both
    assert ids(people.admin, "?is_public=False") & both == {private["id"]}
    assert ids(people.admin, f"?name={public['name']}") == {public["id"]}
    answer = people.admin.get(disks.CINDER, f"{TYPES}?is_public=maybe")
    assert disks.says(answer, 400, "Invalid is_public filter [maybe]")
    page = people.member.get(disks.CINDER, f"{TYPES}?limit=1").json()
    (link,) = page["volume_type_links"]
    assert link["href"].endswith(f"/types?limit=1&marker={page['volume_types'][0]['id']}")
    beyond = people.member.get(disks.CINDER, f"{TYPES}?limit=1&marker={disks.NOBODY}").json()
    assert beyond["volume_types"] == page["volume_types"]


def test_update_type(people: callers.People, public: Any, private: Any) -> None:
    """The administrator renames it, but not to the name of another."""
    path = f"{TYPES}/{public['id']}"
    body = {"volume_type": {"description": "new"}}
    assert people.admin.put(disks.CINDER, path, body).json()["volume_type"]["description"] == "new"
    answer = people.member.put(disks.CINDER, path, body)
    assert disks.says(answer, 403, f"{RULE}:type_update")
    taken = {"volume_type": {"name": private["name"]}}
    assert disks.says(people.admin.put(disks.CINDER, path, taken), 409, "already exists.")
    answer = people.admin.put(disks.CINDER, path, {"volume_type": {}})
    assert disks.says(answer, 400, "Specify volume type name, description, is_public or a comb")
    answer = people.admin.put(disks.CINDER, f"{TYPES}/{disks.NOBODY}", body)
    assert disks.says(answer, 404, "could not be found.")


def test_extra_specs(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Extra specs are the administrator's, one by one or some at once."""
    path = f"{TYPES}/{_type(people.admin, undo)['id']}/extra_specs"
    admin = people.admin
    given = {"extra_specs": {"k": "v", "l": "w"}}
    assert admin.post(disks.CINDER, path, given).json() == given
    assert admin.get(disks.CINDER, path).json() == given
    assert people.member.get(disks.CINDER, path).json() == {"extra_specs": {}}
    assert admin.put(disks.CINDER, f"{path}/k", {"k": "x"}).json() == {"k": "x"}
    assert admin.get(disks.CINDER, f"{path}/k").json() == {"k": "x"}
    answer = admin.put(disks.CINDER, f"{path}/k", {"q": "x"})
    assert disks.says(answer, 400, "Request body and URI mismatch")
    assert admin.delete(disks.CINDER, f"{path}/k").status_code == 202
    for answer in (admin.delete(disks.CINDER, f"{path}/k"), admin.get(disks.CINDER, f"{path}/k")):
        assert disks.says(answer, 404, "has no extra specs with key k.")
    answer = admin.post(disks.CINDER, path, {"extra_specs": {"k/": "v"}})
    assert disks.says(answer, 400, "'k/' does not match any of the regexes")
    answer = people.member.post(disks.CINDER, path, given)
    assert disks.says(answer, 403, f"{RULE}:types_extra_specs:create")
    answer = people.member.delete(disks.CINDER, f"{path}/l")
    assert disks.says(answer, 403, f"{RULE}:types_extra_specs:delete")


def test_access(people: callers.People, public: Any, private: Any) -> None:
    """A private type is seen by the projects that were let in, until they are sent away."""
    path = f"{TYPES}/{private['id']}"
    mine = {"project": people.member.project_id}

    def act(caller: callers.Caller, name: str, key: str = private["id"]) -> Any:
        return caller.post(disks.CINDER, f"{TYPES}/{key}/action", {name: mine})

    assert act(people.admin, "addProjectAccess").status_code == 202
    assert disks.says(act(people.admin, "addProjectAccess"), 409, "combination already exists.")
    assert people.member.get(disks.CINDER, path).json()["volume_type"]["is_public"] is False
    listed = people.admin.get(disks.CINDER, f"{path}/os-volume-type-access").json()
    row = {"volume_type_id": private["id"], "project_id": people.member.project_id}
    assert listed == {"volume_type_access": [row]}
    assert act(people.admin, "removeProjectAccess").status_code == 202
    assert disks.says(act(people.admin, "removeProjectAccess"), 404, "access not found for")
    assert people.member.get(disks.CINDER, path).status_code == 404
    answer = act(people.admin, "addProjectAccess", public["id"])
    assert disks.says(answer, 400, "Type access modification is not applicable to public")
    answer = people.admin.get(disks.CINDER, f"{TYPES}/{public['id']}/os-volume-type-access")
    assert disks.says(answer, 404, "Access list not available for public volume types.")
    answer = act(people.member, "addProjectAccess", public["id"])
    assert disks.says(answer, 403, f"{RULE}:volume_type_access:addProjectAccess")
    answer = people.member.get(disks.CINDER, f"{path}/os-volume-type-access")
    assert disks.says(answer, 403, f"{RULE}:volume_type_access:get_all_for_type")


def test_encryption(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A type's encryption is made, shown, changed and removed by the administrator."""
    key = _type(people.admin, undo)["id"]
    path, admin = f"{TYPES}/{key}/encryption", people.admin
    about = {"provider": "luks", "control_location": "front-end", "key_size": 256}
    assert admin.get(disks.CINDER, path).json() == {}
    made = admin.post(disks.CINDER, path, {"encryption": about}).json()["encryption"]
    assert made["volume_type_id"] == key
    shown = admin.get(disks.CINDER, path).json()
    assert (shown["encryption_id"], shown["cipher"]) == (made["encryption_id"], None)
    assert admin.get(disks.CINDER, f"{path}/provider").json() == {"provider": "luks"}
    answer = admin.post(disks.CINDER, path, {"encryption": about})
    assert disks.says(answer, 400, f"Volume type encryption for type {key} already exists.")
    change = {"encryption": {"key_size": 512}}
    one = f"{path}/{made['encryption_id']}"
    assert admin.put(disks.CINDER, one, change).json() == change
    wrong = {"encryption": {"control_location": "q"}}
    assert disks.says(admin.put(disks.CINDER, one, wrong), 400, "'q' is not one of ['front-end'")
    answer = admin.post(disks.CINDER, path, {"encryption": {"provider": "luks"}})
    assert disks.says(answer, 400, "'control_location' is a required property")
    answer = people.member.get(disks.CINDER, path)
    assert disks.says(answer, 403, f"{RULE}:volume_type_encryption:get")
    assert admin.delete(disks.CINDER, one).status_code == 202
    assert disks.says(admin.delete(disks.CINDER, one), 404, "does not exist.")


def test_type_in_use(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A type that a volume has cannot be removed nor encrypted; a private one is not found."""
    of_type = _type(people.admin, undo)
    hidden = _type(people.admin, undo, **{PUBLIC: False})
    disks.volume(people.member, undo, volume_type=of_type["id"])
    path = f"{TYPES}/{of_type['id']}"
    answer = people.admin.delete(disks.CINDER, path)
    assert disks.says(answer, 400, "Target volume type is still in use.")
    answer = people.member.delete(disks.CINDER, path)
    assert disks.says(answer, 403, f"{RULE}:type_delete")
    about = {"encryption": {"provider": "luks", "control_location": "front-end"}}
    answer = people.admin.post(disks.CINDER, f"{path}/encryption", about)
    assert disks.says(answer, 400, "Cannot create encryption specs. Volume type in use.")
    body = {"volume": {"size": 1, "volume_type": hidden["id"]}}
    answer = people.member.post(disks.CINDER, "/v3/{project}/volumes", body)
    assert disks.says(answer, 404, f"Volume type {hidden['id']} could not be found.")


def test_type_that_no_host_has(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A volume of a type that no back end has is accepted and ends in error."""
    of_type = _type(people.admin, undo, extra_specs={"wings": "2"})
    body = {"volume": {"size": 1, "volume_type": of_type["id"]}}
    made = people.member.make(disks.CINDER, "/v3/{project}/volumes", body)
    path = f"/v3/{{project}}/volumes/{made['id']}"
    undo.callback(people.member.remove, disks.CINDER, path)
    with pytest.raises(AssertionError, match="is in error"):
        people.member.await_status(disks.CINDER, path, "available", within_s=30)


def test_create_qos(people: callers.People, qos: Any) -> None:
    """QoS specs are the administrator's, have a name of their own and a consumer."""
    assert (qos["consumer"], qos["specs"]) == ("front-end", {"k": "v"})

    def refused(body: Any, who: callers.Caller = people.admin) -> Any:
        return who.post(disks.CINDER, QOS, {"qos_specs": body})

    assert disks.says(refused({"name": qos["name"]}), 409, "already exists.")
    assert disks.says(refused({"consumer": "both"}), 400, "'name' is a required property")
    assert disks.says(refused({"name": "z", "consumer": "x"}), 400, "Valid consumer of QoS specs")
    answer = refused({"name": "z"}, people.member)
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:create")


def test_look_at_qos(people: callers.People, qos: Any) -> None:
    """They are listed by pages, and shown; what is not there is 404 in words of its own."""
    path = f"{QOS}/{qos['id']}"
    assert people.admin.get(disks.CINDER, path).json()["qos_specs"]["name"] == qos["name"]
    rows = people.admin.get(disks.CINDER, QOS).json()["qos_specs"]
    assert qos["id"] in {row["id"] for row in rows}
    page = people.admin.get(disks.CINDER, f"{QOS}?limit=1").json()
    (link,) = page["qos_specs_links"]
    assert link["href"].endswith(f"/qos-specs?limit=1&marker={page['qos_specs'][0]['id']}")
    assert people.admin.get(disks.CINDER, f"{QOS}?name={qos['name']}").json() == {"qos_specs": []}
    for query in (f"/{disks.NOBODY}", f"?marker={disks.NOBODY}"):
        answer = people.admin.get(disks.CINDER, QOS + query)
        assert disks.says(answer, 404, f"No such QoS spec {disks.NOBODY}.")
    answer = people.reader.get(disks.CINDER, QOS)
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:get_all")
    answer = people.member.get(disks.CINDER, path)
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:get")


def test_change_qos(people: callers.People, undo: contextlib.ExitStack) -> None:
    """Keys are set and deleted."""
    path = f"{QOS}/{_qos(people.admin, undo)['id']}"
    admin, given = people.admin, {"qos_specs": {"k": "v", "consumer": "both"}}
    assert admin.put(disks.CINDER, path, given).json() == given
    shown = admin.get(disks.CINDER, path).json()["qos_specs"]
    assert (shown["consumer"], shown["specs"]) == ("both", {"k": "v"})
    keys = {"keys": ["k"]}
    assert admin.put(disks.CINDER, f"{path}/delete_keys", keys).status_code == 202
    answer = admin.put(disks.CINDER, f"{path}/delete_keys", keys)
    assert disks.says(answer, 404, "has no spec with key k.")
    answer = admin.put(disks.CINDER, f"{path}/delete_keys", {})
    assert disks.says(answer, 400, "'keys' is a required property")
    answer = people.member.put(disks.CINDER, path, given)
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:update")
    answer = admin.put(disks.CINDER, f"{QOS}/{disks.NOBODY}", given)
    assert disks.says(answer, 404, "No such QoS spec")


def test_associate_qos(people: callers.People, undo: contextlib.ExitStack) -> None:
    """A type has one sort of QoS specs at most; those that a type has cannot be deleted."""
    of_type = _type(people.admin, undo)
    specs, others = _qos(people.admin, undo), _qos(people.admin, undo)
    path, admin = f"{QOS}/{specs['id']}", people.admin
    query = f"?vol_type_id={of_type['id']}"

    def types() -> list[str]:
        rows = admin.get(disks.CINDER, f"{path}/associations").json()["qos_associations"]
        return [row["id"] for row in rows]

    assert types() == []
    assert admin.get(disks.CINDER, f"{path}/associate{query}").status_code == 202
    assert types() == [of_type["id"]]
    shown = admin.get(disks.CINDER, f"{TYPES}/{of_type['id']}").json()["volume_type"]
    assert shown["qos_specs_id"] == specs["id"]
    answer = admin.get(disks.CINDER, f"{QOS}/{others['id']}/associate{query}")
    assert disks.says(answer, 400, f"associated with another qos specs: {specs['id']}")
    assert disks.says(admin.delete(disks.CINDER, path), 400, "Qos specs still in use.")
    assert admin.get(disks.CINDER, f"{path}/disassociate{query}").status_code == 202
    assert types() == []
    admin.get(disks.CINDER, f"{path}/associate{query}")
    assert admin.get(disks.CINDER, f"{path}/disassociate_all").status_code == 202
    assert types() == []
    admin.get(disks.CINDER, f"{path}/associate{query}")
    assert admin.delete(disks.CINDER, f"{path}?force=true").status_code == 202
    assert disks.says(admin.delete(disks.CINDER, path), 404, "No such QoS spec")


def test_refused_association(people: callers.People, qos: Any) -> None:
    """A type must be named and there; a member associates nothing."""
    path, admin = f"{QOS}/{qos['id']}", people.admin
    answer = admin.get(disks.CINDER, f"{path}/associate")
    assert disks.says(answer, 400, "Volume Type id must not be None.")
    answer = admin.get(disks.CINDER, f"{path}/associate?vol_type_id={disks.NOBODY}")
    assert disks.says(answer, 404, f"Volume type {disks.NOBODY} could not be found.")
    answer = people.member.get(disks.CINDER, f"{path}/disassociate_all")
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:update")
    answer = people.member.delete(disks.CINDER, path)
    assert disks.says(answer, 403, f"{RULE}:qos_specs_manage:delete")
    for way in ("associations", "disassociate_all"):
        answer = admin.get(disks.CINDER, f"{QOS}/{disks.NOBODY}/{way}")
        assert disks.says(answer, 404, "No such QoS spec")
