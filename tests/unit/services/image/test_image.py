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

"""Images as Glance reports them."""

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.image import resources as managers
from tests.unit.services import answers


def test_hidden_images_are_listed_too() -> None:
    """Images of any visibility, and once more those with os_hidden."""
    cloud = answers.always(b'{"images": []}')
    assert list(managers.ImageManager.list(cloud, {})) == []
    visible = "/images?visibility=all&limit=1000&sort=created_at:asc,id:asc"
    assert [one[1] for one in cloud.requests] == [visible, f"{visible}&os_hidden=true"]


def test_an_image_belongs_to_its_owner() -> None:
    """The owner is the project."""
    body = answers.sample("image/images")
    cloud = answers.RecordedCloud(lambda _, path: b'{"images": []}' if "hidden" in path else body)
    [found] = managers.ImageManager.list(cloud, {})
    assert found.name == "cirros-0.6.2-x86_64-disk"
    assert found.project_id == "1b254aaf7bfd40409b452da40a03ebf3"
    assert found.details == {"visibility": "public"}
    assert found.holds == ()


def held() -> tuple[resources.Resource, resources.Resource]:
    """Return the recorded image that is protected, and the one that is deactivated."""
    body = answers.sample("image/held_images")
    found = managers.ImageManager.TABLE.records(answers.always(body), "/x?")
    protected, deactivated = sorted(found, key=lambda one: one.holds, reverse=True)
    return protected, deactivated


def test_what_speaks_against_a_removal_is_told() -> None:
    """Protection, and that somebody deactivated it."""
    protected, deactivated = held()
    assert protected.holds == ("protected",)
    assert deactivated.holds == ("deactivated",)


def test_holds_have_their_options() -> None:
    """Each names an option of the kind that lifts it, and none is set by default."""
    named = {hold.option for hold in managers.ImageManager.KIND.holds}
    assert {opt.name: opt.default for opt in managers.ImageManager.OPTS} == dict.fromkeys(
        named, False
    )


def patch(*, is_protected: bool) -> tuple[str, str, object, dict[str, str]]:
    """Return the request that sets the protection of the recorded image."""
    change = [{"op": "replace", "path": "/protected", "value": is_protected}]
    headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    return ("PATCH", f"/images/{held()[0].ref.id}", change, headers)


def test_protection_is_lifted_right_before_the_removal() -> None:
    """Two requests; an image that is not protected needs one."""
    cloud = answers.always(b"")
    protected, deactivated = held()
    managers.ImageManager(cloud, protected).delete()
    managers.ImageManager(cloud, deactivated).delete()
    assert cloud.requests == [
        patch(is_protected=False),
        ("DELETE", f"/images/{protected.ref.id}", None, {}),
        ("DELETE", f"/images/{deactivated.ref.id}", None, {}),
    ]


def test_protection_is_put_back_where_the_image_cannot_be_removed() -> None:
    """The image is as it was, and the service's word comes back."""
    refusal = exceptions.Conflict("image", "DELETE", "/images/x", 409, "in use")
    cloud = answers.RecordedCloud(lambda method, _: refusal if method == "DELETE" else b"")
    with pytest.raises(exceptions.Conflict):
        managers.ImageManager(cloud, held()[0]).delete()
    assert cloud.requests[0] == patch(is_protected=False)
    assert cloud.requests[-1] == patch(is_protected=True)
