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

"""How cleanupd's user gets into projects, and out of them again."""

import json
import threading

import pytest

from cleanupd import entrance
from cleanupd import exceptions

TAG = "cleanupd-inside-r1-5000"
GRANT = "/projects/p/users/me/roles/r1"


class Keystone:
    """Knows the role member, and remembers what it was asked to change."""

    def __init__(self):
        """Break nothing yet."""
        self.changes = []
        self.broken = {}

    def __call__(self, method, service, path):
        """Answer, or raise what is wrong with a path."""
        assert service == "identity"
        if method == "GET":
            roles = [{"id": "r1"}] if path.endswith("name=member") else []
            return json.dumps({"roles": roles}).encode()
        self.changes.append((method, path))
        if (method, path) in self.broken:
            raise self.broken[method, path]
        return b""


@pytest.fixture
def keystone():
    """Give a Keystone."""
    return Keystone()


@pytest.fixture
def gate(keystone):
    """Give the entrance of a user who may become a member."""
    made = entrance.Entrance(keystone, "me", lambda: 5000.0)
    made.role = "member"
    return made


def refusal(status=403, kind=exceptions.Forbidden):
    """Return what Keystone says when it refuses."""
    return kind("identity", "PUT", GRANT, status, "no")


def test_who_may_not_enter_is_told_what_to_do(keystone):
    """Nothing is changed."""
    gate = entrance.Entrance(keystone, "me", lambda: 0.0)
    with pytest.raises(exceptions.NotEntered, match=r"\[cloud\] enter_as"), gate.opened("p"):
        pass
    assert keystone.changes == []


def test_the_role_is_given_and_taken_back(gate, keystone):
    """The tag is there before the role, and as long as it."""
    tag = f"/projects/p/tags/{TAG}"
    with gate.opened("p"):
        assert keystone.changes == [("PUT", tag), ("PUT", GRANT)]
        keystone.changes.clear()
    assert keystone.changes == [("DELETE", GRANT), ("DELETE", tag)]
    assert gate.entered == {"p"}


def test_two_who_are_inside_share_the_role(gate, keystone):
    """It is taken back when the last leaves, whoever came first."""
    with gate.opened("p"):
        inside, leave = threading.Event(), threading.Event()

        def visit():
            with gate.opened("p"):
                inside.set()
                leave.wait()

        other = threading.Thread(target=visit)
        other.start()
        inside.wait()
    assert [method for method, _ in keystone.changes] == ["PUT", "PUT"]
    leave.set()
    other.join()
    assert [method for method, _ in keystone.changes] == ["PUT", "PUT", "DELETE", "DELETE"]


def test_a_failure_inside_takes_the_role_back(gate, keystone):
    """Whatever it is."""
    with pytest.raises(KeyError), gate.opened("p"):
        raise KeyError
    assert keystone.changes[2:] == [("DELETE", GRANT), ("DELETE", f"/projects/p/tags/{TAG}")]


def test_a_role_that_is_refused_is_no_entrance(gate, keystone):
    """The tag stays, since nobody knows what became of the role; next time it is tried anew."""
    keystone.broken["PUT", GRANT] = refusal()
    with pytest.raises(exceptions.NotEntered, match="403"), gate.opened("p"):
        pass
    keystone.broken.clear()
    with gate.opened("p"):
        assert keystone.changes[-1] == ("PUT", GRANT)


def test_a_role_that_cannot_be_taken_back_is_found_by_its_tag(gate, keystone):
    """The tag stays with the role, and the sweep goes on."""
    keystone.broken["DELETE", GRANT] = refusal(500, exceptions.RequestFailed)
    with gate.opened("p"):
        pass
    assert keystone.changes[-1] == ("DELETE", GRANT)


def test_a_project_that_went_meanwhile_is_no_trouble(gate, keystone):
    """Its role assignments went with it."""
    keystone.broken["DELETE", GRANT] = refusal(404, exceptions.NotFound)
    with gate.opened("p"):
        pass
    assert keystone.changes[-1] == ("DELETE", f"/projects/p/tags/{TAG}")


@pytest.mark.parametrize(
    ("tag", "is_left"),
    [
        ("cleanupd-inside-r1-4000", True),
        ("cleanupd-inside-r1-4999", False),
        ("cleanupd-inside-r1-soon", False),
        ("cleanupd-hold", False),
        ("production-4000", False),
    ],
)
def test_what_a_crash_left_is_taken_back_later(keystone, tag, is_left):
    """By its tag, also where nobody may enter any more; what is young may be another process."""
    gate = entrance.Entrance(keystone, "me", lambda: 5000.0)
    gate.tidy("p", [tag])
    expected = [("DELETE", GRANT), ("DELETE", f"/projects/p/tags/{tag}")]
    assert keystone.changes == (expected if is_left else [])


def test_a_role_that_there_is_not_is_an_error(gate):
    """It names the option."""
    gate.role = "membre"
    with pytest.raises(exceptions.InvalidOptions, match="enter_as"), gate.opened("p"):
        pass
