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

"""Stacks as Heat reports them, and what they made."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from cleanupd.services.orchestration import resources as managers
from tests.unit.services import answers

PAGE = json.loads(answers.sample("orchestration/stacks"))
INNER, STACK = (one["id"] for one in PAGE["stacks"])
ACCOUNT = json.loads(answers.sample("orchestration/resources"))["resources"]
PHYSICAL = {one["resource_name"]: one["physical_resource_id"] for one in ACCOUNT}
PROJECT = PAGE["stacks"][0]["project"]
GLOBAL = "global_tenant"


def answer(method: str, path: str) -> answers.Answer:
    """Answer as the recorded Heat did, which lets an administrator list all stacks."""
    if path.startswith("/stacks?"):
        return json.dumps(PAGE).encode()
    if "/resources" in path:
        return answers.sample("orchestration/resources")
    return answers.sample("orchestration/stack") if method == "GET" else b""


def forbidding(method: str, path: str) -> answers.Answer:
    """Answer as a Heat with its own policy does."""
    if GLOBAL in path:
        return exceptions.Forbidden("orchestration", method, path, 403, "not authorized")
    return answer(method, path)


def listed(cloud: answers.RecordedCloud, *projects: str) -> manager.Listed:
    """Return what is listed where these projects are a benchmark's."""
    known = [
        resources.Resource(ref=answers.ref("identity.project", one), name=one) for one in projects
    ]
    listings = {"identity.project": known, "identity.role_assignment": []}
    return manager.list_all(managers.StackManager, cloud, listings, lambda *_: "5a3b1c22")  # type: ignore[arg-type]


def test_a_stack_knows_what_it_made_at_any_depth() -> None:
    """Its network, the stack in it, and the port of that one."""
    found = {one.ref.id: one for one in listed(answers.RecordedCloud(answer)).records}
    made = {e.target.kind: e.target.id for e in found[STACK].edges if e.sort == "made"}
    assert made == {
        "network.network": PHYSICAL["net"],
        "network.port": PHYSICAL["0"],
        "orchestration.stack": INNER,
    }
    assert {ref.id for ref in found[STACK].cascades} == set(made.values())


def test_what_was_there_before_is_only_used() -> None:
    """A resource with an external id stays when the stack goes."""
    [found] = [one for one in listed(answers.RecordedCloud(answer)).records if one.ref.id == STACK]
    attached = [edge.target.id for edge in found.edges if edge.sort == "attached-to"]
    assert attached == [PHYSICAL["ext"]]
    assert PHYSICAL["ext"] not in {ref.id for ref in found.cascades}


def test_a_stack_is_read_as_it_is_listed() -> None:
    """The project, which only lists tell as such, the date and all ties are the same."""
    cloud = answers.RecordedCloud(answer)
    [found] = [one for one in listed(cloud).records if one.ref.id == STACK]
    assert managers.StackManager(cloud, found).read() == found  # type: ignore[arg-type]
    assert found.project_id == PROJECT
    assert found.tags == ("one", "two")


def test_stacks_of_nobody_in_question_are_not_asked_for_what_they_made() -> None:
    """One request lists them all."""
    cloud = answers.RecordedCloud(answer)
    listings = {"identity.project": [], "identity.role_assignment": []}
    manager.list_all(managers.StackManager, cloud, listings)  # type: ignore[arg-type]
    assert len(cloud.requests) == 1


def test_without_a_policy_for_it_the_projects_of_benchmarks_are_looked_into() -> None:
    """And the user's own project."""
    cloud = answers.RecordedCloud(forbidding)
    found = listed(cloud, "p2", "p1")
    assert cloud.entered == ["our-project", "p1", "p2"]
    assert found.unseen is None
    assert {one.ref.id for one in found.records} == {STACK, INNER}


def test_a_project_that_is_shut_is_told() -> None:
    """What is elsewhere is known all the same."""
    cloud = answers.RecordedCloud(forbidding)
    cloud.shut.add("p1")
    found = listed(cloud, "p1", "p2")
    assert found.unseen is not None
    assert found.unseen.projects == ("p1",)
    assert found.records


def test_a_stack_that_was_removed_is_gone() -> None:
    """Though Heat still tells of it, and lists it for a moment."""
    gone = json.dumps(PAGE).replace("CREATE_COMPLETE", "DELETE_COMPLETE").encode()
    cloud = answers.RecordedCloud(lambda *_: gone)
    assert listed(cloud).records == ()
    read = answers.sample("orchestration/stack").replace(b"CREATE_COMPLETE", b"DELETE_COMPLETE")
    record = resources.Resource(ref=answers.ref("orchestration.stack", STACK), name="hx")
    cloud = answers.RecordedCloud(lambda *_: read)
    assert managers.StackManager(cloud, record).read() is None  # type: ignore[arg-type]


def test_what_is_no_account_is_malformed() -> None:
    """Nothing is taken for a stack that made nothing."""
    cloud = answers.RecordedCloud(
        lambda _, path: b"{}" if "/resources" in path else answer("", path)
    )
    with pytest.raises(exceptions.MalformedAnswer):
        listed(cloud)


def test_a_stack_is_removed_by_name_and_id() -> None:
    """One that only a message named is found by its id."""
    cloud = answers.RecordedCloud(answer)
    ref = answers.ref("orchestration.stack", STACK)
    for name, path in (("a b", f"/stacks/a%20b/{STACK}"), (None, f"/stacks/{STACK}")):
        managers.StackManager(cloud, resources.Resource(ref=ref, name=name)).delete()  # type: ignore[arg-type]
        assert cloud.requests[-1][:2] == ("DELETE", path)
