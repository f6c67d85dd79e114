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

"""The one door, against an emulated cloud that can be told to misbehave."""

from collections.abc import Iterator
from concurrent import futures
import logging
import pathlib
import threading
import time
from typing import Any

import msgspec
import pytest

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.services.base import registry
from tests import emulator
from tests.emulator import cloud as emulated
from tests.emulator import scenes
from tests.functional import sites

pytestmark = pytest.mark.functional

DEAD = "http://127.0.0.1:1"


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sites.Site]:
    """Give an emulated cloud with an administrator and little else."""
    with sites.running(tmp_path, monkeypatch) as site:
        yield site


def one_line(error: BaseException) -> str:
    """Return the error's text, which is one line and holds no password."""
    text = str(error)
    assert "\n" not in text
    assert sites.PASSWORD not in text
    return text


def test_connecting_tells_who_and_where(site: sites.Site) -> None:
    """Name, region, project and user are those of the token."""
    cloud = site.connect()
    assert (cloud.name, cloud.region) == ("it", "RegionOne")
    [token] = site.cloud.tokens.values()
    assert (cloud.user_id, cloud.project_id) == (token.user_id, token.project_id)


def test_the_catalogue_is_in_official_types(site: sites.Site) -> None:
    """Aliases such as volumev3 are resolved."""
    services = {"compute", "network", "block-storage", "image", "identity"}
    assert {(service, "RegionOne") for service in services} <= site.connect().catalogue()


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("compute", "/servers"),
        ("network", "/ports"),
        ("block-storage", "/volumes"),
        ("image", "/images"),
        ("identity", "/projects"),
        ("baremetal", "/nodes/detail"),
    ],
)
def test_each_service_is_found(site: sites.Site, service: str, path: str) -> None:
    """An official type and a path below the versioned endpoint are enough."""
    assert msgspec.json.decode(site.connect().get(service, path))


def test_the_only_region_is_found(site: sites.Site) -> None:
    """A description without a region works where the catalogue has but one."""
    assert site.connect(region_name=None).region == "RegionOne"


def test_a_region_that_is_not_there_is_refused(site: sites.Site) -> None:
    """The error lists those that are."""
    with pytest.raises(exceptions.InvalidCloudConfig, match="choose one of RegionOne") as caught:
        site.connect(region_name="Atlantis")
    one_line(caught.value)


def test_an_administrator_sees_all_projects(site: sites.Site) -> None:
    """Nothing speaks against it."""
    cloud = site.connect()
    assert cloud.visibility() is None
    assert cloud.sees_all_projects()


def test_a_member_does_not_see_all_projects(site: sites.Site) -> None:
    """The reason says what is missing, though every listing would answer 200."""
    cloud = site.connect(auth={"username": "demo", "project_name": "demo"})
    assert "lacks the role admin" in (cloud.visibility() or "")
    assert not cloud.sees_all_projects()


def test_a_token_for_the_system_does_not_see_all_projects(site: sites.Site) -> None:
    """Neutron and Cinder answer such a token with short lists."""
    scope = {"project_name": None, "project_domain_name": None, "system_scope": "all"}
    assert "not scoped to a project" in (site.connect(auth=scope).visibility() or "")


def test_ironic_is_asked_for_the_whole_system(site: sites.Site) -> None:
    """Chassis are told to nobody else; the other services are asked with the project's token."""
    cloud = site.connect()
    assert cloud.get("baremetal", "/chassis") == b'{"chassis":[]}'
    assert cloud.get("compute", "/servers")
    scopes = {token.is_system for token in site.cloud.tokens.values()}
    assert scopes == {True, False}


def test_ironic_is_asked_with_what_there_is(site: sites.Site) -> None:
    """Who has no role on the system is refused by Ironic itself, and can ask all others."""
    with site.cloud.locked():
        rows = site.cloud["identity.role_assignment"]
        for key in [key for key in map(emulated.assignment_key, rows) if "system" in key]:
            rows.remove(key)
    cloud = site.connect()
    with pytest.raises(exceptions.RequestFailed, match="requires a scope of"):
        cloud.get("baremetal", "/chassis")
    plugin = registry.load_managers()[0]["baremetal.node"]
    with pytest.raises(exceptions.ListingIncomplete, match="role add --system all"):
        list(plugin.list(cloud, {}))
    assert cloud.get("compute", "/servers")


def test_an_unknown_cloud_is_an_error(site: sites.Site) -> None:
    """It lists the names that exist and the file that was read."""
    site.describe()
    with pytest.raises(exceptions.UnknownCloud) as caught:
        clouds.Cloud.connect("nowhere")
    text = one_line(caught.value)
    assert "it, other" in text
    assert str(site.file) in text


def test_no_file_at_all_is_an_error(
    site: sites.Site, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """It lists the places that were looked at."""
    monkeypatch.delenv("OS_CLIENT_CONFIG_FILE")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(exceptions.UnknownCloud) as caught:
        clouds.Cloud.connect("it-that-no-file-has")
    text = one_line(caught.value)
    assert str(empty / "clouds.yaml") in text or "/etc/openstack/clouds.yaml" in text


def test_a_file_that_is_named_has_to_exist(
    site: sites.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file may have another cloud of the same name."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(site.file.with_name("absent.yaml")))
    with pytest.raises(exceptions.InvalidCloudConfig, match=r"absent\.yaml, which does not exist"):
        clouds.Cloud.connect("it")


@pytest.mark.parametrize("text", ["clouds: [", "clouds: {it: {auth: {", "\0"])
def test_a_broken_file_is_an_error(site: sites.Site, text: str) -> None:
    """YAML that cannot be read is named as what it is."""
    site.file.write_text(text)
    with pytest.raises(exceptions.InvalidCloudConfig) as caught:
        clouds.Cloud.connect("it")
    assert str(site.file) in one_line(caught.value)


@pytest.mark.parametrize("missing", ["auth_url", "password"])
def test_an_incomplete_description_is_an_error(site: sites.Site, missing: str) -> None:
    """What is missing is named, nothing is asked for interactively."""
    with pytest.raises(exceptions.InvalidCloudConfig, match=missing) as caught:
        site.connect(auth={missing: None})
    one_line(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "not-it"},
        {"username": None},
        {"username": "nobody"},
        {"project_name": "nowhere"},
    ],
)
def test_wrong_credentials_are_an_error(site: sites.Site, wrong: dict[str, str | None]) -> None:
    """The error says where they were refused, and not which they were."""
    with pytest.raises(exceptions.AuthenticationFailed, match="check user, password") as caught:
        site.connect(auth=wrong)
    assert "not-it" not in one_line(caught.value)
    assert site.url in str(caught.value)


def test_a_keystone_that_is_down_is_an_error(site: sites.Site) -> None:
    """It is named with its address, at once."""
    started = time.monotonic()
    with pytest.raises(exceptions.ServiceUnreachable, match=r"127.0.0.1:1.*refused") as caught:
        site.connect(auth={"auth_url": f"{DEAD}/identity"})
    assert caught.value.service == "identity"
    assert time.monotonic() - started < 3
    one_line(caught.value)


def test_an_address_that_is_no_keystone_is_an_error(site: sites.Site) -> None:
    """An auth_url that leads elsewhere is no foreign exception."""
    with pytest.raises(exceptions.CloudError) as caught:
        site.connect(auth={"auth_url": f"{site.url}/nothing/here"})
    one_line(caught.value)


def test_a_service_that_is_down_is_an_error(site: sites.Site) -> None:
    """The others work; the one is named with the address of its endpoint."""
    site.cloud.settings.endpoints["compute"] = f"{DEAD}/compute/v2.1"
    cloud = site.connect()
    started = time.monotonic()
    with pytest.raises(exceptions.ServiceUnreachable, match=r"compute at http://127\.0\.0\.1:1"):
        cloud.get("compute", "/servers")
    assert time.monotonic() - started < 5
    assert cloud.get("network", "/ports")


@pytest.mark.parametrize("answer", [404, 503])
def test_a_service_without_its_versions_is_an_error(site: sites.Site, answer: int) -> None:
    """Below an address without a version all is 404, which says nothing of a resource."""
    cloud = site.connect()
    site.cloud.faults.add(emulator.Fault(path="^/networking/?$", answer=answer, times=None))
    with pytest.raises(exceptions.ServiceUnreachable, match=f"it answers {answer} when asked for"):
        cloud.get("network", "/ports/x")
    site.cloud.faults.clear()
    with pytest.raises(exceptions.NotFound):
        cloud.get("network", "/ports/x")


def test_a_service_that_the_catalogue_lacks_is_an_error(site: sites.Site) -> None:
    """It is not waited for."""
    cloud = site.connect(interface="admin", image_interface="nowhere")
    with pytest.raises(exceptions.ServiceUnreachable, match="the catalogue has no such") as caught:
        cloud.get("image", "/images")
    assert caught.value.url == ""


def test_a_service_that_only_a_plugin_knows_is_an_error_without_an_address(
    site: sites.Site,
) -> None:
    """As any other that the catalogue lacks."""
    with pytest.raises(exceptions.ServiceUnreachable, match="the catalogue has no such"):
        site.connect().get("smithy", "/anvils")


def test_a_service_that_only_a_plugin_knows_is_asked_at_its_address(site: sites.Site) -> None:
    """Without a word on its versions."""
    address = f"{site.url}/image/v2"
    body = site.connect(smithy_endpoint_override=address).get("smithy", "/images")
    assert b'"images"' in body


def test_a_service_that_the_catalogue_lacks_is_not_offered(site: sites.Site) -> None:
    """Aliases of official types count, and so does an address that clouds.yaml has."""
    assert site.connect().offers("block-storage")
    assert not site.connect().offers("accelerator")
    address = "http://127.0.0.1:1"
    assert site.connect(accelerator_endpoint_override=address).offers("accelerator")


def test_a_service_that_never_answers_is_an_error(site: sites.Site) -> None:
    """Waiting has an end."""
    cloud = site.connect()
    site.fail(emulator.faults.HANG, times=None)
    started = time.monotonic()
    with pytest.raises(exceptions.ServiceUnreachable, match="timed out"):
        cloud.get("compute", "/servers")
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("answer", [429, 502, 503, 504, emulator.faults.RESET])
def test_a_get_is_repeated(site: sites.Site, answer: int | str) -> None:
    """A moment of weakness is not an error."""
    cloud = site.connect()
    site.fail(answer, times=2)
    assert msgspec.json.decode(cloud.get("compute", "/servers")) == {"servers": []}
    assert site.asked() == 3


def test_a_get_is_not_repeated_for_ever(site: sites.Site) -> None:
    """After the last attempt the error is the service's."""
    cloud = site.connect()
    site.fail(503, times=None, message="Come back tomorrow.")
    with pytest.raises(exceptions.RequestFailed, match=r"503 .*Come back tomorrow."):
        cloud.get("compute", "/servers")
    assert site.asked() == sites.QUICK.attempts


def test_a_service_that_is_asked_too_much_is_asked_again(site: sites.Site) -> None:
    """It is well, and says so itself: that is no failed attempt."""
    cloud = site.connect()
    site.fail(429, times=2 * sites.QUICK.attempts)
    assert msgspec.json.decode(cloud.get("compute", "/servers")) == {"servers": []}


def test_in_a_hurry_a_get_is_not_repeated(site: sites.Site) -> None:
    """What waits for its next attempt ends at once with the error that it had."""
    cloud = site.connect()
    site.fail(503, times=None, headers={"Retry-After": "4"})
    caught = []

    def ask() -> None:
        with pytest.raises(exceptions.RequestFailed) as error:
            cloud.get("compute", "/servers")
        caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not site.asked():
        time.sleep(0.01)
    cloud.hurry()
    asking.join(3)
    assert (len(caught), site.asked()) == (1, 1)


@pytest.mark.parametrize("answer", [400, 403, 404, 409, 500])
def test_a_get_with_another_answer_is_not_repeated(site: sites.Site, answer: int) -> None:
    """Asking again would change nothing."""
    cloud = site.connect()
    site.fail(answer)
    with pytest.raises(exceptions.RequestFailed):
        cloud.get("compute", "/servers")
    assert site.asked() == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("answer", [503, 429, emulator.faults.RESET])
def test_a_change_is_never_repeated(site: sites.Site, method: str, answer: int | str) -> None:
    """Whether it was done is not known, so who asked decides."""
    cloud = site.connect()
    site.fail(answer)
    with pytest.raises(exceptions.CloudError):
        cloud.request(method, "compute", "/servers", json={})
    assert site.asked(method) == 1


def test_retry_after_is_obeyed(site: sites.Site) -> None:
    """The wait that the service asks for is longer than ours."""
    cloud = site.connect()
    site.fail(429, headers={"Retry-After": "1"})
    started = time.monotonic()
    cloud.get("compute", "/servers")
    assert time.monotonic() - started >= 1


def test_too_long_a_retry_after_is_an_error(site: sites.Site) -> None:
    """The error tells how long the service asks for."""
    cloud = site.connect()
    site.fail(429, headers={"Retry-After": "3600"})
    with pytest.raises(exceptions.RequestFailed) as caught:
        cloud.get("compute", "/servers")
    assert caught.value.retry_after_s == 3600
    assert site.asked() == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, exceptions.Forbidden),
        (404, exceptions.NotFound),
        (409, exceptions.Conflict),
        (412, exceptions.Stale),
        (400, exceptions.RequestFailed),
        (500, exceptions.RequestFailed),
    ],
)
def test_an_error_has_the_class_of_its_status(
    site: sites.Site, status: int, kind: type[exceptions.RequestFailed]
) -> None:
    """With the request, the status and the words of the service."""
    cloud = site.connect()
    site.fail(status, message="The reason.")
    with pytest.raises(exceptions.RequestFailed, match=f"compute answered {status} to") as caught:
        cloud.request("DELETE", "compute", "/servers/1")
    error = caught.value
    assert type(error) is kind
    assert (error.service, error.method, error.path) == ("compute", "DELETE", "/servers/1")
    assert "The reason." in one_line(error)


def test_an_expired_token_is_renewed(site: sites.Site) -> None:
    """A long sweep outlives its token."""
    cloud = site.connect()
    with site.cloud.locked():
        site.cloud.tokens.clear()
    assert cloud.get("compute", "/servers")
    assert len(site.cloud.requests.entries("POST", "/auth/tokens")) == 2


def test_credentials_that_end_meanwhile_are_an_error(site: sites.Site) -> None:
    """A password changed under a running daemon is told as such."""
    cloud = site.connect()
    with site.cloud.locked():
        site.cloud.tokens.clear()
        for user in site.cloud.passwords:
            site.cloud.passwords[user] = "changed"
    with pytest.raises(exceptions.AuthenticationFailed):
        cloud.get("compute", "/servers")


def test_no_secret_is_ever_shown(site: sites.Site, caplog: pytest.LogCaptureFixture) -> None:
    """Neither password nor token stands in logs or in the repr."""
    caplog.set_level(logging.DEBUG)
    cloud = site.connect()
    cloud.get("compute", "/servers")
    site.fail(500)
    with pytest.raises(exceptions.RequestFailed):
        cloud.get("compute", "/servers")
    shown = caplog.text + repr(cloud)
    assert "GET compute /servers: 200 in " in shown
    assert f'"{sites.PASSWORD}"' not in shown
    assert not [token for token in site.cloud.tokens if token in shown]


def test_many_threads_share_one_token(site: sites.Site) -> None:
    """Sixteen threads at once get all their answers, from one authentication."""
    cloud = site.connect()

    def look(number: int) -> int:
        return len(cloud.get("identity", f"/projects?limit=1000&n={number}"))

    with futures.ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(look, [7] * 160))) == 1
    assert len(site.cloud.requests.entries("POST", "/auth/tokens")) == 1


def test_many_threads_find_a_service_once(site: sites.Site) -> None:
    """A service is asked for its versions by whoever comes first; the others wait."""
    cloud = site.connect()
    with futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: cloud.get("network", "/ports"), range(16)))
    asked = site.cloud.requests.entries("GET")
    assert len([one for one in asked if one.service == "network"]) == 1 + 16


def test_nothing_but_reading_is_sent_by_looking(site: sites.Site) -> None:
    """Connecting, proving visibility and listing change nothing."""
    cloud = site.connect()
    cloud.visibility()
    cloud.catalogue()
    cloud.get("compute", "/servers")
    assert site.cloud.requests.changes() == []


def test_pages_are_put_together(site: sites.Site) -> None:
    """A listing of several pages is the same as one of a single page."""
    scenes.legitimate_tenants(site.cloud)
    cloud = site.connect()

    def list_all() -> dict[str, set[Any]]:
        listings: dict[str, Any] = {}
        managers, _ = registry.load_managers()
        for kind in sorted(managers, key=lambda one: len(managers[one].KIND.listed_after)):
            listings[kind] = tuple(managers[kind].list(cloud, listings))
        return {kind: {one.ref for one in found} for kind, found in listings.items()}

    whole = list_all()
    site.cloud.settings.page_limits = dict.fromkeys(site.cloud.settings.page_limits, 2)
    assert list_all() == whole
    assert len(whole["compute.server"]) > 2
