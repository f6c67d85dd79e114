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
"""Faults by order: what each does to a request, when it strikes, and how scripts are read."""

import datetime
import json
import pathlib
from typing import Any

import pytest

from tests import emulator
from tests.emulator import application
from tests.emulator import faults
from tests.emulator import scenes
from tests.emulator import spoiling
from tests.emulator.shapes import block_storage
from tests.emulator.shapes import identity
from tests.unit.emulator import asking

PORTS = "/networking/v2.0/ports"
NETWORKS = "/networking/v2.0/networks"
VOLUMES = "/volume/v3/{project}/volumes"


def statuses(admin: asking.Client, count: int, path: str = PORTS) -> list[int]:
    """The statuses of so many requests."""
    return [admin("GET", path).status for _ in range(count)]


@pytest.fixture
def volumes(cloud: emulator.Cloud, admin: asking.Client) -> list[str]:
    """The ids of six volumes as Cinder lists them."""
    for number in range(6):
        block_storage.volume(cloud, f"v{number}", admin.project_id, "x")
    return [one["id"] for one in cloud["block_storage.volume"]]


def ids(reply: asking.Reply) -> list[str]:
    """The ids in a page of volumes."""
    return [one["id"] for one in reply.body["volumes"]]


def following(reply: asking.Reply) -> str:
    """The next link of a page of volumes, without the host."""
    return reply.body["volumes_links"][0]["href"].removeprefix(asking.HOST)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 503])
def test_status(cloud: emulator.Cloud, admin: asking.Client, status: int) -> None:
    """Any status comes in the service's shape, with the headers that were ordered."""
    order = {"path": PORTS, "answer": status, "headers": {"Retry-After": 7}}
    cloud.faults.add(faults.read_order(order))
    reply = admin("GET", PORTS)
    assert reply.status == status
    assert reply.headers["Retry-After"] == "7"
    assert "A fault that was ordered." in str(reply.body)


def test_after_and_times(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A fault spares the first matches and then hits as many as ordered."""
    cloud.faults.add(emulator.Fault(PORTS, 500, after=2, times=2))
    assert statuses(admin, 6) == [200, 200, 500, 500, 200, 200]
    assert cloud.faults.pending() == []


def test_probability() -> None:
    """The same seed throws the same dice."""
    hits = []
    for _ in range(2):
        cloud = emulator.Cloud(seed=5)
        scenes.ground(cloud)
        cloud.faults.add(emulator.Fault(PORTS, 500, times=None, probability=0.5))
        hits.append(statuses(asking.Client(cloud), 40))
    assert hits[0] == hits[1]
    assert 5 < hits[0].count(500) < 35


def test_user(cloud: emulator.Cloud, admin: asking.Client, member: asking.Client) -> None:
    """A fault may be one user's alone."""
    cloud.faults.add(emulator.Fault("", 503, times=None, user="^demo$"))
    assert statuses(admin, 1) == [200]
    assert statuses(member, 1) == [503]


def test_start(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A fault may begin later, by the cloud's time."""
    cloud.faults.add(emulator.Fault(PORTS, 500, times=None, start_s=60))
    assert statuses(admin, 1) == [200]
    with cloud.clock.shifted(datetime.timedelta(seconds=61)):
        assert statuses(admin, 1) == [500]


def test_first_order_first(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """Of two faults that match, the one that was ordered first comes first."""
    cloud.faults.add(emulator.Fault(PORTS, 500))
    cloud.faults.add(emulator.Fault(PORTS, 503))
    assert statuses(admin, 3) == [500, 503, 200]


def test_revoke(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A revoked token is refused from then on, and another one is welcome."""
    cloud.faults.add(emulator.Fault(PORTS, faults.REVOKE))
    assert statuses(admin, 2) == [401, 401]
    admin.login("admin", "admin")
    assert statuses(admin, 1) == [200]


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (faults.NOT_JSON, b"}{ no JSON"),
        (faults.WRONG_TYPE, b'["a list"]'),
        (faults.CUT, b'{"por'),
        (503, b'{"ports": []}'),
    ],
)
def test_bodies(answer: Any, content: bytes) -> None:
    """A spoilt body is all that comes; a reply without a body is not spoilt."""
    fault = emulator.Fault("", answer)
    reply = application.Reply(200, {}, b'{"ports": []}')
    assert spoiling.after(reply, fault).content.startswith(content)
    empty = application.Reply(204, {}, b"")
    assert spoiling.after(empty, fault) == empty


def test_html(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """A proxy's page is no JSON and does not say that it is."""
    cloud.faults.add(emulator.Fault(PORTS, faults.HTML))
    reply = admin("GET", PORTS)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")
    assert reply.body.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("answer", "ending", "wait_s"),
    [
        (faults.RESET_INSIDE, spoiling.RESET, 0),
        (faults.TRUNCATED, spoiling.CLOSED, 0),
        (faults.SLOW, "", 7),
    ],
)
def test_ends(answer: str, ending: str, wait_s: float) -> None:
    """How the reply ends, and when it comes, is for the server to do."""
    fault = emulator.Fault("", answer, hang_s=7, headers={"X": "y"})
    reply = spoiling.after(application.Reply(200, {}, b"{}"), fault)
    assert (reply.content, reply.ending, reply.wait_s) == (b"{}", ending, wait_s)
    assert reply.headers == {"X": "y"}


def test_repeat(cloud: emulator.Cloud, admin: asking.Client, volumes: list[str]) -> None:
    """A page that repeats is the first one again, whatever the marker, and leads on from there."""
    first = admin("GET", f"{VOLUMES}?limit=2")
    cloud.faults.add(emulator.Fault("marker=", faults.REPEAT))
    again = admin("GET", following(first))
    assert ids(first) == ids(again) == volumes[:2]
    assert ids(admin("GET", following(again))) == volumes[2:4]
    assert "marker=" in cloud.requests.entries()[-2].path


def test_skip(cloud: emulator.Cloud, admin: asking.Client, volumes: list[str]) -> None:
    """A page that skips lacks rows that none of the others has."""
    cloud.faults.add(emulator.Fault(f"{VOLUMES.rpartition('/')[2]}", faults.SKIP))
    page = admin("GET", f"{VOLUMES}?limit=4")
    assert ids(page) == volumes[:4:2]
    assert ids(admin("GET", following(page))) == volumes[4:]


def test_loop(cloud: emulator.Cloud, admin: asking.Client, volumes: list[str]) -> None:
    """A page may lead to itself, in the words of each service, even if it is the last."""
    cloud.faults.add(emulator.Fault("", faults.LOOP, times=None))
    page = admin("GET", f"{VOLUMES}?limit=4")
    assert ids(page) == volumes[:4]
    assert following(page) == f"{VOLUMES}?limit=4".format(project=admin.project_id)
    users = admin.get("/identity/v3/users?limit=1")
    assert users["links"]["next"] == f"{asking.HOST}/identity/v3/users?limit=1"
    assert admin.get("/image/v2/images?limit=9")["next"] == "/image/v2/images?limit=9"
    (link,) = admin.get(NETWORKS)["networks_links"]
    assert link["rel"] == "next"
    assert link["href"].startswith(f"{asking.HOST}{NETWORKS}")
    one = admin("GET", f"{VOLUMES}/{volumes[0]}")
    assert "volumes_links" not in one.body


def test_stuck(cloud: emulator.Cloud, admin: asking.Client, volumes: list[str]) -> None:
    """A stuck delete leaves a volume deleting, whatever time passes, until the fault is over."""
    cloud.faults.add(emulator.Fault("/volumes/", faults.STUCK, method="DELETE"))
    path = f"{VOLUMES}/{volumes[0]}"
    assert admin.delete(path) == 202
    cloud.clock.advance(datetime.timedelta(hours=1))
    assert admin.get(path)["volume"]["status"] == "deleting"
    assert admin.delete(f"{VOLUMES}/{volumes[1]}") == 202
    cloud.clock.advance(datetime.timedelta(hours=1))
    assert admin("GET", f"{VOLUMES}/{volumes[1]}").status == 404
    cloud.faults.clear()
    assert admin("GET", path).status == 404


@pytest.mark.parametrize("answer", [faults.STUCK, faults.IGNORED])
def test_nothing_done(cloud: emulator.Cloud, admin: asking.Client, answer: str) -> None:
    """Where a delete takes no time, one that never ends is one that does nothing."""
    project = identity.project(cloud, "p")
    cloud.faults.add(emulator.Fault("/projects/", answer, method="DELETE"))
    path = f"/identity/v3/projects/{project['id']}"
    assert admin.delete(path) == 204
    assert admin.get(path)["project"]["name"] == "p"
    assert admin.delete(path) == 204
    assert admin("GET", path).status == 404


def test_ignored(cloud: emulator.Cloud, admin: asking.Client, volumes: list[str]) -> None:
    """What is ignored is answered as the service would, but only to those who may ask."""
    cloud.faults.add(emulator.Fault("", faults.IGNORED, times=None, method="DELETE|POST|PUT"))
    path = f"{VOLUMES}/{volumes[0]}"
    assert admin.delete(path) == 202
    assert admin.delete(path, X_Auth_Token="none") == 401
    assert admin.delete("/networking/v2.0/dances/1") == 404
    assert admin.get(path)["volume"]["status"] == "available"


def test_log_tells(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """The request log tells which fault hit, and which paths have no route."""
    cloud.faults.add(emulator.Fault(PORTS, faults.HTML))
    cloud.requests.clear()
    statuses(admin, 2)
    admin("GET", "/compute/v2.1/dances")
    spoilt, sound, unknown = cloud.requests.entries()
    assert (spoilt.fault, spoilt.status, spoilt.route) == ("html", 200, "GET /v2.0/ports")
    assert sound.fault == ""
    assert (unknown.status, unknown.route) == (404, "")


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"path": "("}, "path '(' is no regex"),
        ({"path": "", "method": "["}, "method '[' is no regex"),
        ({"event": "("}, "event '(' is no regex"),
        ({"path": "", "answer": "dance"}, "answer is a status, hang, reset"),
        ({"event": "", "answer": "reset"}, "answer is lost, duplicated, reordered; not 'reset'"),
        ({"path": "", "answer": 99}, "a status from 100 to 599"),
        ({"path": "", "answer": None}, "answer is a status or a word, not None"),
        ({"path": 5}, "path is text, not 5"),
        ({"path": "", "times": "3"}, "times is a whole number or null, not '3'"),
        ({"path": "", "times": -1}, "times is not negative"),
        ({"path": "", "after": True}, "after is a whole number, not True"),
        ({"path": "", "probability": 2}, "probability is from 0 to 1"),
        ({"path": "", "headers": []}, "headers is an object"),
        ({"pth": ""}, "'pth' is nothing that an order has; did you mean path?"),
        ({"path": "", "zzz": 1}, "'zzz' is nothing that an order has; it has "),
        ({"event": "", "path": ""}, "'path' is nothing"),
        ({}, "path is missing"),
        (5, "an order is an object"),
    ],
)
def test_wrong_order(order: Any, message: str) -> None:
    """What is wrong with an order is said when it is given, in words that help."""
    if isinstance(order, dict) and order:
        default = "lost" if "event" in order else 500
        order = {"answer": default, **order}
    with pytest.raises(ValueError) as error:
        faults.read_orders([{"path": "/", "answer": 500}, order])
    assert str(error.value).startswith("order 2: ")
    assert message in str(error.value)


def test_answer_missing() -> None:
    """An order says what is to happen."""
    with pytest.raises(ValueError, match="order 1: answer is missing"):
        faults.read_orders({"path": "/"})


YAML = """
- path: ^/networking/
  method: DELETE
  answer: stuck        # a comment
  times: null
- {event: delete, answer: lost, probability: 0.5}
"""


@pytest.mark.parametrize("is_json", [False, True])
def test_script(tmp_path: pathlib.Path, is_json: bool) -> None:  # noqa: FBT001 - pytest's way
    """A script is a list of orders in YAML or JSON."""
    file = tmp_path / "script"
    fields = {"path": "^/networking/", "method": "DELETE", "answer": "stuck", "times": None}
    event = {"event": "delete", "answer": "lost", "probability": 0.5}
    file.write_text(json.dumps([fields, event]) if is_json else YAML)
    assert faults.read_script(file) == [
        faults.Fault("^/networking/", faults.STUCK, method="DELETE", times=None),
        faults.EventFault("delete", faults.LOST, probability=0.5),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- [", "is neither YAML nor JSON"),
        ("path: x", "holds no list of orders"),
        ("- {path: x, answer: no}", "order 1: answer is a status or a word, not False"),
        ("- path: x\n  ansver: 5", "order 1: 'ansver' is nothing that an order has; did you mean"),
    ],
)
def test_wrong_script(tmp_path: pathlib.Path, text: str, message: str) -> None:
    """What is wrong with a script is said with its name."""
    file = tmp_path / "script.yaml"
    file.write_text(text)
    with pytest.raises(ValueError) as error:
        faults.read_script(file)
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_over_http(cloud: emulator.Cloud, admin: asking.Client) -> None:
    """The orders of a script can be posted as they are; a wrong one stops them all."""
    orders = [{"path": PORTS, "answer": 500}, {"event": "port", "answer": "lost"}]
    assert len(admin("POST", "/emulator/faults", orders).body["faults"]) == 2
    reply = admin("POST", "/emulator/faults", [*orders, {"path": 1}])
    assert reply.status == 400
    assert "order 3" in str(reply.body)
    assert len(cloud.faults.pending()) == 2
    assert faults.WORDS.keys() < admin.get("/emulator")["POST /emulator/faults"]["answer"].keys()
