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
"""The emulated cloud over HTTP, asked by openstacksdk as it is."""

from collections.abc import Iterator
import pathlib
import socket
import subprocess
import sys
import time
from typing import Any

import keystoneauth1.exceptions
import openstack
import openstack.connection
import openstack.exceptions
import pytest
import requests

from tests import emulator
from tests.emulator import faults
from tests.emulator import scenes

pytestmark = pytest.mark.functional

COMMAND = [sys.executable, "-m", "tests.emulator"]
ROOT = pathlib.Path(__file__).parents[2]

Connection = openstack.connection.Connection


def connect(url: str, user: str = "admin", **changes: Any) -> Connection:
    """A connection of this user in the project of the same name."""
    return openstack.connect(
        auth_url=f"{url}/identity",
        username=user,
        project_name=user,
        user_domain_name="Default",
        project_domain_name="Default",
        region_name="RegionOne",
        **{"password": "secret", **changes},
    )


@pytest.fixture
def cloud() -> emulator.Cloud:
    """A cloud without inhabitants whose deletes are quick."""
    return emulator.Cloud(settings=emulator.Settings(delete_delay_s=0.1))


@pytest.fixture
def url(cloud: emulator.Cloud) -> Iterator[str]:
    """Where it answers, with the scene of the demo."""
    scenes.demo(cloud)
    with emulator.running(cloud) as url:
        yield url


@pytest.fixture
def admin(url: str) -> Iterator[Connection]:
    """The administrator's connection."""
    with connect(url) as connection:
        yield connection


@pytest.fixture
def member(url: str) -> Iterator[Connection]:
    """A member's connection."""
    with connect(url, "demo") as connection:
        yield connection


def _wait(is_done: Any) -> None:
    end = time.monotonic() + 5
    while not is_done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_sdk_lists_everything(cloud: emulator.Cloud, admin: Connection) -> None:
    """What openstacksdk lists, in pages and at once, is all that there is."""
    there = cloud.inventory()
    lists = {
        "identity.project": (admin.identity.projects, {}),
        "identity.user": (admin.identity.users, {}),
        "compute.server": (admin.compute.servers, {"all_projects": True}),
        "compute.flavor": (admin.compute.flavors, {"is_public": None}),
        "network.network": (admin.network.networks, {}),
        "network.subnet": (admin.network.subnets, {}),
        "network.port": (admin.network.ports, {}),
        "network.router": (admin.network.routers, {}),
        "network.floating_ip": (admin.network.ips, {}),
        "block_storage.volume": (admin.block_storage.volumes, {"all_projects": True}),
        "block_storage.snapshot": (admin.block_storage.snapshots, {"all_projects": True}),
        "image.image": (admin.image.images, {"visibility": "all"}),
    }
    for kind, (listing, query) in lists.items():
        assert {one.id for one in listing(**query)} == there[kind], kind
        if kind != "identity.user":  # openstacksdk does not page users
            assert {one.id for one in listing(limit=2, **query)} == there[kind], kind
    groups = {group.id for group in admin.network.security_groups()}
    assert groups >= there["network.security_group"]  # listing makes the caller's default group


def test_sdk_finds_keypairs(cloud: emulator.Cloud, admin: Connection) -> None:
    """All users' keypairs are found by asking for each user."""
    found = {
        f"{user.id}:{keypair.name}"
        for user in admin.identity.users()
        for keypair in admin.compute.keypairs(user_id=user.id)
    }
    assert found == cloud.inventory()["compute.keypair"]


def test_sdk_reads_fields(cloud: emulator.Cloud, admin: Connection) -> None:
    """Openstacksdk understands a server's fields at the highest microversion."""
    server = next(iter(cloud["compute.server"]))
    admin.compute.default_microversion = "2.96"
    shown = admin.compute.get_server(server["id"])
    assert shown.flavor.original_name == "m1.tiny"
    assert shown.project_id == server["tenant_id"]
    assert shown.launched_at == server["OS-SRV-USG:launched_at"]


def test_sdk_deletes_server(cloud: emulator.Cloud, admin: Connection) -> None:
    """A server deleted by openstacksdk goes asynchronously, and its disk and port with it."""
    server = next(
        one
        for one in cloud["compute.server"]
        if one["name"].startswith("s_rally_5a3b1c22") and one["image"] == ""
    )
    (port,) = admin.network.ports(device_id=server["id"])
    (disk,) = server["os-extended-volumes:volumes_attached"]
    shown = admin.compute.get_server(server["id"])
    admin.compute.delete_server(shown)
    assert admin.compute.get_server(server["id"]).task_state == "deleting"
    admin.compute.wait_for_delete(shown, interval=0.05, wait=5)
    with pytest.raises(openstack.exceptions.NotFoundException):
        admin.network.get_port(port.id)
    _wait(
        lambda: (
            disk["id"] not in {one.id for one in admin.block_storage.volumes(all_projects=True)}
        )
    )


def test_sdk_takes_router_apart(cloud: emulator.Cloud, admin: Connection) -> None:
    """A router with interface, gateway and floating IP is taken apart in Neutron's order."""
    router = next(
        one for one in cloud["network.router"] if one["name"].startswith("c_rally_5a3b1c22")
    )
    with pytest.raises(openstack.exceptions.ConflictException):
        admin.network.delete_router(router["id"])
    for address in list(admin.network.ips(router_id=router["id"])):
        admin.network.update_ip(address.id, port_id=None)
    admin.network.update_router(router["id"], external_gateway_info=None)
    for port in list(admin.network.ports(device_id=router["id"])):
        admin.network.remove_interface_from_router(router["id"], port_id=port.id)
    admin.network.delete_router(router["id"])
    assert router["id"] not in cloud.inventory()["network.router"]


def test_sdk_sends_revision(cloud: emulator.Cloud, admin: Connection) -> None:
    """Openstacksdk's if_revision is Neutron's guard: stale is 412."""
    router = next(iter(cloud["network.router"]))
    with pytest.raises(openstack.exceptions.PreconditionFailedException):
        admin.network.update_router(router["id"], if_revision=0, description="new")
    revision = admin.network.get_router(router["id"]).revision_number
    admin.network.update_router(router["id"], if_revision=revision, description="new")
    assert router["description"] == "new"


def test_member_is_kept_short(member: Connection) -> None:
    """A member gets short lists with 200, and 403 where only an administrator may."""
    assert list(member.network.ports()) == []
    assert list(member.block_storage.volumes(all_projects=True)) == []
    for listing in (member.identity.projects, member.identity.users):
        with pytest.raises(openstack.exceptions.ForbiddenException):
            list(listing())
    with pytest.raises(openstack.exceptions.ForbiddenException):
        list(member.compute.servers(all_projects=True))


def test_wrong_password(url: str) -> None:
    """A wrong password is refused as unauthorized."""
    with (
        connect(url, password="wrong") as connection,
        pytest.raises(keystoneauth1.exceptions.Unauthorized),
    ):
        connection.session.get_token()


def test_sdk_renews_token(cloud: emulator.Cloud, admin: Connection) -> None:
    """When its token was revoked openstacksdk asks for another and goes on."""
    list(admin.network.networks())
    cloud.revoke_tokens()
    assert list(admin.network.networks())
    assert len(cloud.requests.entries("POST", "/auth/tokens$")) == 2


def test_looking_sends_nothing_else(cloud: emulator.Cloud, admin: Connection) -> None:
    """The request log shows that listing sends nothing but GET and the token's POST."""
    list(admin.compute.servers(all_projects=True))
    list(admin.image.images())
    assert cloud.requests.entries()
    assert cloud.requests.changes() == []
    image = next(iter(cloud["image.image"]))
    admin.image.delete_image(image["id"])
    (change,) = cloud.requests.changes()
    assert (change.method, change.status, change.user) == ("DELETE", 204, "admin")


def test_lost_connections(cloud: emulator.Cloud, url: str) -> None:
    """A reset gives the client no answer, a hang none in time; afterwards all is well."""
    cloud.faults.add(emulator.Fault("/compute", faults.RESET))
    with requests.Session() as session:
        with pytest.raises(requests.ConnectionError):
            session.get(f"{url}/compute", timeout=5)
        cloud.faults.add(emulator.Fault("/compute", faults.HANG))
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{url}/compute", timeout=0.2)
        assert session.get(f"{url}/compute", timeout=5).status_code == 200


def _exchange(url: str, text: str) -> bytes:
    """What comes until the connection ends, and then the error it ended with, if any."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 5) as wire:
        wire.sendall(text.replace("\n", "\r\n").encode())
        got = b""
        try:
            wire.shutdown(socket.SHUT_WR)
            while part := wire.recv(65536):
                got += part
        except ConnectionResetError:
            got += b"RESET"
        return got


@pytest.mark.parametrize(
    ("answer", "end"), [(faults.TRUNCATED, b""), (faults.RESET_INSIDE, b"RESET")]
)
def test_broken_answers(cloud: emulator.Cloud, url: str, answer: str, end: bytes) -> None:
    """An answer can end in the middle, and the connection with it, though all was done."""
    cloud.faults.add(emulator.Fault("/compute", answer))
    got = _exchange(url, "GET /compute/ HTTP/1.1\nHost: x\n\n")
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.rpartition(b"Content-Length: ")[2])
    assert len(body.removesuffix(end)) == length // 2 > 0
    assert body.endswith(end)
    entry = cloud.requests.entries(path="/compute/")[-1]
    assert (entry.status, entry.fault) == (200, answer)


def test_done_but_lost(cloud: emulator.Cloud, url: str, admin: Connection) -> None:
    """A delete can be done and its answer, which has no body, lost."""
    cloud.faults.add(emulator.Fault("/images/", faults.RESET_INSIDE, method="DELETE"))
    image = next(one for one in cloud["image.image"] if not one["protected"])
    token = admin.session.get_token()
    with pytest.raises(requests.ConnectionError):
        requests.delete(
            f"{url}/image/v2/images/{image['id']}", headers={"X-Auth-Token": token}, timeout=5
        )
    assert cloud["image.image"].get(image["id"]) is None


def test_slow_answer(cloud: emulator.Cloud, url: str) -> None:
    """A slow answer is late for whom is in haste, and right for whom waits."""
    cloud.faults.add(emulator.Fault("/compute", faults.SLOW, times=2, hang_s=0.5))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{url}/compute", timeout=0.1)
    assert requests.get(f"{url}/compute", timeout=10).json()["versions"]


@pytest.mark.parametrize(
    "text",
    [
        "Content-Length: many\n\n{}",
        "Content-Length: -5\n\n{}",
        "Content-Length: 99999999999999\n\n{}",
        "Content-Length: 9\n\n{}",
        "Content-Length: 3\n\n{{{",
        "Content-Length: 2\n\n[]",
        f"Content-Length: 200000\n\n{'[' * 200000}",
        "Transfer-Encoding: chunked\n\nzz\n{}\n0\n\n",
        "Transfer-Encoding: chunked\n\n9\n{}",
    ],
)
def test_lies(cloud: emulator.Cloud, url: str, text: str) -> None:
    """What a request says of its body and is not so, is 400, and others are answered as ever."""
    head = "POST /identity/v3/auth/tokens HTTP/1.1\nHost: x\nConnection: close\n"
    assert _exchange(url, head + text).startswith(b"HTTP/1.1 400 ")
    assert cloud.requests.entries("POST")[-1].status == 400
    assert requests.get(f"{url}/compute", timeout=5).status_code == 200


def test_chunked(url: str) -> None:
    """A body may come in chunks."""
    with requests.Session() as session:
        for _ in range(2):
            parts = iter([b'{"path": "x", ', b'"answer": 500}'])
            reply = session.post(f"{url}/emulator/faults", data=parts, timeout=5)
            assert reply.json()["faults"][0]["path"] == "x"


@pytest.mark.parametrize(
    ("method", "path", "status", "start"),
    [
        ("OPTIONS", "/compute/v2.1/servers", 200, ""),
        ("OPTIONS", "/identity/nowhere", 200, ""),
        ("HEAD", "/identity/v3/projects", 200, ""),
        ("HEAD", "/compute/v2.1/", 200, ""),
        ("HEAD", "/compute/v2.1/servers", 404, ""),
        ("HEAD", "/volume/v3/x/volumes", 404, ""),
        ("HEAD", "/networking/v2.0/networks", 405, ""),
        ("HEAD", "/image/v2/images", 405, ""),
        ("DANCE", "/identity/v3/projects", 405, '{"error"'),
        ("DANCE", "/compute/v2.1/servers", 404, "<html>"),
        ("DANCE", "/networking/v2.0/networks/x", 405, '{"NeutronError":{"type":"HTTPMethodNot'),
        ("DANCE", "/image/v2/images", 405, "<html>"),
        ("GET", "/compute/v2.1/dances", 404, "<html>"),
        ("GET", "/networking/v2.0/dances", 404, '{"NeutronError":{"type":"HTTPNotFound"'),
    ],
)
def test_methods(
    admin: Connection, url: str, *, method: str, path: str, status: int, start: str
) -> None:
    """Methods and paths that a service does not have are answered as the real ones do."""
    headers = {"X-Auth-Token": admin.session.get_token() or ""}
    reply = requests.request(method, url + path, headers=headers, timeout=5)
    assert reply.status_code == status
    assert reply.text.startswith(start)
    assert bool(reply.text) == bool(start)


def test_unknown_needs_token(url: str) -> None:
    """Who has no token is not told what there is, but by Keystone."""
    assert requests.get(f"{url}/compute/v2.1/dances", timeout=5).status_code == 401
    assert requests.get(f"{url}/identity/v3/dances", timeout=5).status_code == 404


def test_keeps_connections(url: str) -> None:
    """Requests share one connection, also after a 204 and a POST with a body."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 5) as wire:
        for method, body in (("GET", b""), ("DELETE", b""), ("POST", b"{}"), ("GET", b"")):
            head = f"{method} /emulator/faults HTTP/1.1\r\nHost: x\r\n"
            wire.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert wire.recv(65536).startswith(b"HTTP/1.1 ")


def test_endpoint_down(cloud: emulator.Cloud, url: str) -> None:
    """The catalogue can name an address where nobody answers."""
    cloud.settings.endpoints["network"] = "http://127.0.0.1:1/"
    with (
        connect(url, connect_retries=0) as connection,
        pytest.raises(keystoneauth1.exceptions.ConnectFailure),
    ):
        list(connection.network.networks())


SCRIPT = "[{path: /compute, answer: 503, after: 1}, {event: x, answer: lost}]"


@pytest.mark.parametrize(
    ("options", "text", "code", "message"),
    [
        (["--faults", "FILE"], "[{path: /, answer: dance}]", 2, "order 1: answer is a status"),
        (["--faults", "/nowhere"], "", 1, "No such file"),
        (["--down-host", "nowhere"], "", 2, "there are cmp1, cmp2"),
        (["--transport-url", "dance://"], "", 2, "dance"),
    ],
)
def test_wrong_options(
    tmp_path: pathlib.Path, options: list[str], text: str, code: int, message: str
) -> None:
    """What the command cannot understand is one line, and 2; a file that is not there, 1."""
    file = tmp_path / "script"
    file.write_text(text)
    options = [str(file) if one == "FILE" else one for one in options]
    done = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_options(tmp_path: pathlib.Path) -> None:
    """A script of faults, a crowd and a speed come from the command line."""
    file = tmp_path / "script"
    file.write_text(SCRIPT)
    options = ["--scene", "empty", "--servers", "7", "--speed", "5000", "--faults", str(file)]
    command = [*COMMAND, *options, "--transport-url", "fake://"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            statuses = [requests.get(f"{url}/compute", timeout=5).status_code for _ in range(3)]
            assert statuses == [200, 503, 200]
            found = requests.get(f"{url}/emulator/inventory", timeout=5).json()
            assert len(found["compute.server"]) == len(found["network.port"]) == 7
            times = [entry["at"] for entry in _log(url, lambda: time.sleep(0.01))]
            assert times[-1] > times[0]
        finally:
            process.terminate()
        assert process.wait(10) == 0


def _log(url: str, pause: Any) -> list[dict[str, Any]]:
    """The log after some requests with pauses between."""
    for _ in range(3):
        pause()
        requests.get(f"{url}/compute", timeout=5)
    found: list[dict[str, Any]] = requests.get(f"{url}/emulator/requests", timeout=5).json()[
        "requests"
    ]
    return found


def test_stop_ends_connections(cloud: emulator.Cloud) -> None:
    """When the cloud stops, nothing listens, and who waits for an answer loses it."""
    scenes.ground(cloud)
    with emulator.running(cloud) as url, requests.Session() as session:
        assert session.get(f"{url}/compute", timeout=5).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/compute", timeout=5)
