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
"""What the emulated Keystone says on the bus."""

import json
import pathlib
from typing import Any

import pytest

from tests import emulator
from tests.emulator import bus
from tests.emulator.scenes import bootstrap
from tests.emulator.shapes import identity
from tests.unit.emulator import asking

V3 = "/identity/v3"
SAMPLES = pathlib.Path(__file__).parents[2] / "samples/notifications/keystone.json"


@pytest.fixture
def heard(cloud: emulator.Cloud) -> list[bus.Message]:
    """What was said so far."""
    messages: list[bus.Message] = []
    cloud.bus.listen(messages.append)
    return messages


def sample(event_type: str) -> dict[str, Any]:
    """What a real Keystone 30 said."""
    found = json.loads(SAMPLES.read_text(encoding="utf-8"))
    return next(one for one in found if one["event_type"] == event_type)


def shape(value: Any) -> Any:
    """The names of all fields and the types of what is in them."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return type(value).__name__


def assert_like_sample(message: bus.Message) -> None:
    """The message has the fields and the words of the real one of its type."""
    real = sample(message.event_type)
    for field in ("exchange", "publisher_id", "priority"):
        assert getattr(message, field) == real[field]
    assert shape(message.payload) == shape(real["payload"])
    for field in ("typeURI", "eventType", "action", "outcome"):
        assert message.payload[field] == real["payload"][field]
    for part in ("initiator", "target", "observer"):
        assert message.payload[part]["typeURI"] == real["payload"][part]["typeURI"]


def test_created_and_deleted(
    cloud: emulator.Cloud, admin: asking.Client, heard: list[bus.Message]
) -> None:
    """A creation and a deletion are told in CADF, with the id and without a name."""
    body = {"project": {"name": "new", "domain_id": "default"}}
    made = admin("POST", f"{V3}/projects", body).body["project"]
    user = identity.member(cloud, "member", made)
    assert admin.delete(f"{V3}/users/{user['id']}") == 204
    created, deleted = heard
    assert_like_sample(created)
    assert_like_sample(deleted)
    assert created.payload["resource_info"] == made["id"]
    assert deleted.payload["target"]["id"] == user["id"]
    assert "new" not in json.dumps(created.payload)


def test_service(admin: asking.Client, heard: list[bus.Message]) -> None:
    """A service is told of by its id."""
    admin("POST", f"{V3}/services", {"service": {"type": "new"}})
    assert_like_sample(heard[0])


def test_assignment(cloud: emulator.Cloud, admin: asking.Client, heard: list[bus.Message]) -> None:
    """A role that is given names the role, the user and the project; the system's is not told."""
    user = bootstrap.named(cloud, "identity.user", "demo")["id"]
    project = bootstrap.named(cloud, "identity.project", "demo")["id"]
    role = bootstrap.named(cloud, "identity.role", "reader")["id"]
    admin.put(f"{V3}/projects/{project}/users/{user}/roles/{role}", None)
    admin.put(f"{V3}/system/users/{user}/roles/{role}", None)
    (message,) = heard
    assert_like_sample(message)
    assert (message.payload["user"], message.payload["project"]) == (user, project)
    assert message.payload["role"] == role


def test_basic_format(
    cloud: emulator.Cloud, admin: asking.Client, heard: list[bus.Message]
) -> None:
    """In the basic format there are the id and the request, and who came into a group."""
    cloud.settings.keystone_notification_format = "basic"
    user = bootstrap.named(cloud, "identity.user", "demo")
    group = identity.group(cloud, "group")
    admin.put(f"{V3}/groups/{group['id']}/users/{user['id']}", None)
    assert admin.delete(f"{V3}/users/{user['id']}") == 204
    joined, deleted = heard
    assert joined.event_type == "identity.group.updated"
    assert joined.payload.pop("request_id").startswith("req-")
    assert joined.payload == {
        "resource_info": group["id"],
        "actor_id": user["id"],
        "actor_type": "user",
        "actor_operation": "added",
    }
    assert set(deleted.payload) == {"resource_info", "request_id"}


def test_refusal_is_silent(member: asking.Client, heard: list[bus.Message]) -> None:
    """What was refused is not told."""
    assert member("POST", f"{V3}/projects", {"project": {"name": "x"}}).status == 403
    assert heard == []
