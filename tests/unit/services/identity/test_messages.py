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
"""What Keystone's messages change."""

import json

import pytest

from cleanupd.services.identity import collector
from cleanupd.services.identity import kinds
from cleanupd.services.identity import notifications
from cleanupd.services.identity import resources as managers
from tests.unit.services import answers
from tests.unit.services import hearing

HANDLER = notifications.KeystoneNotificationHandler
PUBLISHER = "identity.vm"
SAMPLES = list(hearing.samples("identity"))
GRANT = {"role": "r1", "user": "u1", "project": "p1", "inherited_to_projects": False}


@pytest.fixture
def ears():
    """Give a collector of Keystone's that knows nothing yet."""
    return hearing.Hearing(collector.KeystoneClusterModelCollector)


def assignment(role="r1", **fields):
    """Return the record of an assignment."""
    who = {"user": {"id": "u1"}, "scope": {"project": {"id": "p1"}}} | fields
    item = hearing.decode({"role": {"id": role}, **who}, kinds.RoleAssignment)
    return kinds.parse_role_assignment(item, answers.PLACE)


def project(id_, **fields):
    """Return the record of a project."""
    item = answers.sampled("identity/projects", "projects") | {"id": id_} | fields
    return kinds.parse_project(hearing.decode(item, kinds.Project), answers.PLACE)


def user(id_, **fields):
    """Return the record of a user."""
    item = answers.sampled("identity/users", "users") | {"id": id_} | fields
    return kinds.parse_user(hearing.decode(item, kinds.User), answers.PLACE)


def test_every_event_type_is_thought_of():
    """What Keystone's code can send is handled or ignored for a reason, and never both."""
    assert hearing.event_types("identity") == HANDLER.EVENTS.keys() | HANDLER.IGNORED.keys()
    assert not HANDLER.EVENTS.keys() & HANDLER.IGNORED.keys()


@pytest.mark.parametrize("message", SAMPLES, ids=[one["event_type"] for one in SAMPLES])
def test_every_captured_message_is_handled(ears, message):
    """Each message of a real Keystone says what its event type promises."""
    payload, event_type = message["payload"], message["event_type"]
    found = ears.hear(message["publisher_id"], event_type, payload)
    assert ears.manager.counts == hearing.notification.Counts(handled=1)
    _, kind, action = event_type.replace("OS-TRUST:", "").split(".")
    if event_type in HANDLER.IGNORED:
        assert found == []
    elif kind == "role_assignment":
        word = {"created": "updated", "deleted": "deleted"}[action]
        assert [one[:2] for one in found] == [(word, kind), ("touched", "role")]
        assert found[1][2] == payload["role"]
    else:
        word = {"deleted": "deleted"}.get(action, "touched")
        assert found == [(word, kind, payload["resource_info"])]


@pytest.mark.parametrize(
    ("told", "listed"),
    [
        ({}, {}),
        ({"user": None, "group": "g1"}, {"user": None, "group": {"id": "g1"}}),
        ({"project": None, "domain": "d1"}, {"scope": {"domain": {"id": "d1"}}}),
        (
            {"inherited_to_projects": True},
            {"scope": {"project": {"id": "p1"}, "OS-INHERIT:inherited_to": "projects"}},
        ),
    ],
)
def test_an_assignment_is_told_as_it_is_listed(ears, told, listed):
    """Who has which role where is in the message, and goes by the same id."""
    payload = GRANT | {"outcome": "success"} | told
    ears.hear(PUBLISHER, "identity.role_assignment.created", payload)
    record = assignment(**listed)
    assert ears.get("identity.role_assignment", record.ref.id) == record
    ears.hear(PUBLISHER, "identity.role_assignment.deleted", payload, seconds=2)
    assert ears.get("identity.role_assignment", record.ref.id) is None


@pytest.mark.parametrize("action", ["created", "deleted"])
def test_what_failed_has_changed_nothing(ears, action):
    """Keystone tells of what it refused, too."""
    payload = GRANT | {"outcome": "failure"}
    assert ears.hear(PUBLISHER, f"identity.role_assignment.{action}", payload) == []


def test_the_basic_format_tells_as_much(ears):
    """It has the same word for what was made."""
    found = ears.hear(PUBLISHER, "identity.project.created", {"resource_info": "p1"})
    assert found == [("touched", "project", "p1")]


def test_projects_below_one_that_changes_are_read(ears):
    """They may have been disabled with it."""
    ears.know(project("p1"), project("p2", parent_id="p1"), project("p3", parent_id="p2"))
    ears.know(user("u1", default_project_id="p1"))
    found = ears.hear(PUBLISHER, "identity.project.updated", {"resource_info": "p1"})
    assert found == [("touched", "project", id_) for id_ in ("p1", "p2", "p3")]


@pytest.mark.parametrize(("kind", "id_"), [("project", "p1"), ("user", "u1")])
def test_assignments_go_with_project_and_user(ears, kind, id_):
    """Keystone removes them and does not tell; the roles, which tell who has them, are read."""
    other = assignment("r2", user={"id": "u2"}, scope={"project": {"id": "p2"}})
    ears.know(assignment(), other)
    found = ears.hear(PUBLISHER, f"identity.{kind}.deleted", {"resource_info": id_})
    assert found == [
        ("deleted", kind, id_),
        ("deleted", "role_assignment", assignment().ref.id),
        ("touched", "role", "r1"),
    ]


def test_users_of_a_project_that_goes_are_read(ears):
    """It is their default project no longer."""
    ears.know(user("u1", default_project_id="p1"))
    found = ears.hear(PUBLISHER, "identity.project.deleted", {"resource_info": "p1"})
    assert found == [("deleted", "project", "p1"), ("touched", "user", "u1")]


def test_assignments_go_with_their_role(ears):
    """Nobody has a role that is gone."""
    ears.know(assignment("r1"), assignment("r2"))
    found = ears.hear(PUBLISHER, "identity.role.deleted", {"resource_info": "r1"})
    assert found == [
        ("deleted", "role", "r1"),
        ("deleted", "role_assignment", assignment("r1").ref.id),
    ]


def test_assignments_go_with_group_and_domain(ears):
    """Neither is a kind of the model, but both stand in ids of assignments."""
    in_group = assignment(user=None, group={"id": "g1"})
    in_domain = assignment(scope={"domain": {"id": "d1"}})
    ears.know(in_group, in_domain, assignment(), user("u1", domain_id="d1"), user("u2"))
    found = ears.hear(PUBLISHER, "identity.group.deleted", {"resource_info": "g1"})
    assert found == [("deleted", "role_assignment", in_group.ref.id), ("touched", "role", "r1")]
    found = ears.hear(PUBLISHER, "identity.domain.deleted", {"resource_info": "d1"})
    assert found == [
        ("deleted", "role_assignment", in_domain.ref.id),
        ("touched", "role", "r1"),
        ("touched", "user", "u1"),
    ]


def test_endpoints_go_with_their_service(ears):
    """Keystone removes them and does not tell."""
    item = answers.sampled("identity/endpoints", "endpoints") | {"id": "e1", "service_id": "s1"}
    ears.know(kinds.parse_endpoint(hearing.decode(item, kinds.Endpoint), answers.PLACE))
    found = ears.hear(PUBLISHER, "identity.service.deleted", {"resource_info": "s1"})
    assert found == [("deleted", "service", "s1"), ("deleted", "endpoint", "e1")]


def test_a_user_that_is_gone_stays_gone(ears):
    """An update that comes late has the user read, and nothing is found."""
    ears.know(user("u1"))
    ears.hear(PUBLISHER, "identity.user.deleted", {"resource_info": "u1"}, seconds=4)
    ears.hear(PUBLISHER, "identity.user.updated", {"resource_info": "u1"}, seconds=3)
    assert ears.get("identity.user", "u1") is None
    assert ears.collector.read_touched() == 1
    assert ears.get("identity.user", "u1") is None


def test_a_domain_is_no_project():
    """Keystone tells of a domain as of a project, too, and gives it to who asks for that."""
    item = {"id": "d1", "name": "d", "domain_id": None, "parent_id": None, "enabled": True}
    cloud = answers.always(json.dumps({"project": item}).encode())
    assert managers.ProjectManager(cloud, project("d1")).read() is None


def test_a_role_is_read_with_all_that_a_listing_tells():
    """What it implies and who has it are asked for as well."""
    assignments = {"role_assignments": [{"role": {"id": "r1"}, "user": {"id": "u1"}}]}
    assignments["role_assignments"][0]["scope"] = {"project": {"id": "p1"}}
    inferences = {"role_inferences": [{"prior_role": {"id": "r1"}, "implies": [{"id": "r2"}]}]}
    bodies = {
        "/roles/r1": {"role": {"id": "r1", "name": "one"}},
        "/role_assignments?role.id=r1": assignments,
        "/role_inferences": inferences,
    }
    cloud = answers.RecordedCloud(lambda _method, path: json.dumps(bodies[path]).encode())
    known = kinds.resources.Resource(ref=answers.ref("identity.role", "r1"))
    found = managers.RoleManager(cloud, known).read()
    assert {edge.target.id for edge in found.edges} == {"r2", assignment().ref.id}
    assert managers.RoleManager(answers.refusing(404), known).read() is None


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, "user.id=u1&scope.project.id=p1&role.id=r1"),
        ({"scope": {"system": {"all": True}}}, "user.id=u1&scope.system=all&role.id=r1"),
        (
            {
                "user": None,
                "group": {"id": "g1"},
                "scope": {"domain": {"id": "d1"}, "OS-INHERIT:inherited_to": "projects"},
            },
            "group.id=g1&scope.domain.id=d1&role.id=r1&scope.OS-INHERIT%3Ainherited_to=projects",
        ),
    ],
)
def test_an_assignment_is_asked_for_by_all_its_parts(fields, query):
    """It has no address; one that differs is another one."""
    cloud = answers.always(json.dumps({"role_assignments": []}).encode())
    assert managers.RoleAssignmentManager(cloud, assignment(**fields)).read() is None
    assert [path for _, path, _, _ in cloud.requests] == [f"/role_assignments?{query}"]
