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

"""Answers that no service should give, and how they are told."""

from collections.abc import Callable
from collections.abc import Iterator
import http.server
import json
import pathlib
import threading

import pytest

from cleanupd import exceptions
from cleanupd.services.image import resources as images
from tests.functional import sites

pytestmark = pytest.mark.functional

#: Makes a service that gives one answer to everything, and returns its URL.
Serve = Callable[..., str]

ERRORS: list[tuple[bytes, str]] = [
    (b'{"badRequest": {"code": 400, "message": "Invalid volume."}}', "Invalid volume."),
    (b'{"NeutronError": {"type": "X", "message": "In  use\\nby y", "detail": ""}}', "In use by y"),
    (b'{"NeutronError": "Plain."}', "Plain."),
    (b'{"error": {"code": 403, "message": "Not you.", "title": "Forbidden"}}', "Not you."),
    (
        b"<html><title>T</title><body><h1>404 X</h1>No &#x27;image&#x27;</body></html>",
        "404 X No 'image'",
    ),
    (b"", "no explanation"),
    (b"{}", "no explanation"),
    (b"[]", "no explanation"),
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"http://user:hidden@host/ failed", "http://host/ failed"),
    (b"x" * 5000, "x" * 300),
]


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sites.Site]:
    """Give an emulated cloud, of which a service can be replaced."""
    with sites.running(tmp_path, monkeypatch) as site:
        yield site


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a maker of services that answer everything with the same bytes."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(body: bytes, *, status: int = 200, missing: int = 0) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Send the body, which lacks some of the bytes that it promises."""
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + missing))
                self.send_header("X-Subject-Token", "a-token")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the base's names

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("body", "message"), ERRORS)
def test_what_a_service_says_becomes_one_line(
    site: sites.Site, serve: Serve, body: bytes, message: str
) -> None:
    """The message in its JSON or HTML, short and without credentials."""
    cloud = site.connect(image_endpoint_override=serve(body, status=500))
    with pytest.raises(exceptions.RequestFailed) as caught:
        cloud.get("image", "/images")
    assert caught.value.message == message


def test_an_answer_that_ends_early_is_no_answer(site: sites.Site, serve: Serve) -> None:
    """The connection is lost in the middle: never a shorter list."""
    url = serve(b'{"images": []}', missing=10)
    cloud = site.connect(image_endpoint_override=url)
    with pytest.raises(exceptions.ServiceUnreachable):
        list(images.ImageManager.list(cloud, {}))


@pytest.mark.parametrize(
    "body", [b"", b'{"images": [', b"<html>Welcome</html>", b'{"versions": []}']
)
def test_a_listing_that_cannot_be_read_is_incomplete(
    site: sites.Site, serve: Serve, body: bytes
) -> None:
    """200 is no proof."""
    cloud = site.connect(image_endpoint_override=serve(body))
    with pytest.raises(exceptions.ListingIncomplete, match=r"image\.image"):
        list(images.ImageManager.list(cloud, {}))


def test_a_404_that_no_service_gave_is_not_that_nothing_is_there(
    site: sites.Site, serve: Serve
) -> None:
    """A proxy answers without OpenStack's request id: the image may well exist."""
    cloud = site.connect(image_endpoint_override=serve(b"<h1>Not here</h1>", status=404))
    with pytest.raises(exceptions.RequestFailed, match=r"a proxy: Not here") as caught:
        cloud.get("image", "/images/1")
    assert not isinstance(caught.value, exceptions.NotFound)


def test_the_address_of_a_service_is_told_without_credentials(site: sites.Site) -> None:
    """What somebody wrote into a URL stays there."""
    cloud = site.connect(image_endpoint_override="http://user:hidden@127.0.0.1:1/v2")
    with pytest.raises(exceptions.ServiceUnreachable) as caught:
        cloud.get("image", "/images")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("status", [204, 300, 304])
def test_only_2xx_is_success(site: sites.Site, serve: Serve, status: int) -> None:
    """A service that lists its versions has deleted nothing."""
    cloud = site.connect(image_endpoint_override=serve(b"", status=status))
    if status == 204:
        assert cloud.request("DELETE", "image", "/images/1") == b""
        return
    with pytest.raises(exceptions.RequestFailed, match=str(status)):
        cloud.request("DELETE", "image", "/images/1")


def token(*regions: str, **changes: object) -> bytes:
    """Return a token of an administrator for a cloud with Glance in ``regions``."""
    endpoints = [
        {"id": region, "interface": "public", "region_id": region, "url": "http://127.0.0.1:1/"}
        for region in regions
    ]
    body = {
        "methods": ["password"],
        "user": {"id": "u", "name": "admin", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "p", "name": "admin", "domain": {"id": "default", "name": "Default"}},
        "roles": [{"id": "r", "name": "admin"}],
        "expires_at": "2999-01-01T00:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "catalog": [{"id": "i", "type": "image", "name": "glance", "endpoints": endpoints}],
        **changes,
    }
    return json.dumps({"token": body}).encode()


def test_one_of_several_regions_has_to_be_named(site: sites.Site, serve: Serve) -> None:
    """Nothing is chosen by chance: the error lists them."""
    auth = {"auth_url": f"{serve(token('north', 'south'))}/v3"}
    with pytest.raises(exceptions.InvalidCloudConfig, match="one of north, south"):
        site.connect(auth=auth, region_name=None)
    with pytest.raises(exceptions.InvalidCloudConfig, match="choose one of north, south"):
        site.connect(auth=auth, region_name="east")
    cloud = site.connect(auth=auth, region_name="south")
    assert cloud.region == "south"
    assert cloud.catalogue() == {("image", "north"), ("image", "south")}


def test_a_region_of_an_empty_catalogue_is_taken_on_trust(site: sites.Site, serve: Serve) -> None:
    """Where endpoints are overridden, there may be no catalogue."""
    cloud = site.connect(auth={"auth_url": f"{serve(token())}/v3"}, region_name="south")
    assert cloud.region == "south"
    with pytest.raises(exceptions.ServiceUnreachable, match="no such endpoint"):
        cloud.get("image", "/images")


def test_a_project_that_is_not_the_admin_project_sees_less(site: sites.Site, serve: Serve) -> None:
    """Keystone may keep the administrator's rights to one project."""
    url = serve(token("RegionOne", is_admin_project=False))
    cloud = site.connect(auth={"auth_url": f"{url}/v3"})
    assert "not the cloud's admin project" in (cloud.visibility() or "")


def test_a_keystone_that_fails_is_told_with_its_status(site: sites.Site, serve: Serve) -> None:
    """Neither a wrong password nor unreachable: it answered 500."""
    url = serve(b'{"error": {"code": 500, "message": "Oh."}}', status=500)
    with pytest.raises(exceptions.RequestFailed, match="identity answered 500 to POST"):
        site.connect(auth={"auth_url": f"{url}/v3"})
