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
    assert found.details == {"visibility": "public", "protected": False}
