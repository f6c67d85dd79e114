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

"""What Glance's cache holds, and what of it may go."""

import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.image_cache import glance
from tests.unit.image_cache import stage as stages

Glance = image_cache.GlanceImageCache
HOUR = stages.HOUR
DAY = stages.DAY


class FakeGlance:
    """A cache API over a folder; its pruner would never end where a file has no row."""

    def __init__(self, place, known, trouble=None):
        """Know these images."""
        self.place = place
        self.known = known
        self.trouble = trouble
        self.asked = []

    def image_ids(self):
        """Return the images."""
        if self.trouble:
            raise self.trouble
        return frozenset(self.known)

    def clean(self):
        """Remember."""
        self.asked.append("clean")

    def prune(self):
        """Remember; hang where a file has no row."""
        files = {path.name for path in self.place.iterdir() if path.is_file()}
        assert files <= {*self.known, "cache.db"}, "it never ends"
        self.asked.append("prune")


class TestGlance:
    """Glance's cache."""

    @pytest.fixture
    def place(self, stage):
        """Give a cache with its folders and an image that Glance knows."""
        place = stage.add(Glance)
        for name in ("incomplete", "invalid", "queue"):
            (place / name).mkdir()
        (place / "cache.db").write_text("")
        image = stage.put(place, idle_s=50 * DAY)
        stage.glance = FakeGlance(place, [image.name])
        stage.bind()
        return place

    def test_orphans_go_first_and_then_it_prunes(self, stage, place):
        """A file without a row would keep the pruner busy for ever."""
        orphan = stage.put(place, idle_s=2 * DAY)
        report = Glance().clean_up()
        assert not orphan.exists()
        assert report.removed == 1
        assert stage.glance.asked == ["clean", "prune"]

    def test_with_a_young_orphan_it_does_not_prune(self, stage, place):
        """It may be on its way into the database; that is an alarm."""
        orphan = stage.put(place, idle_s=2 * HOUR)
        report = Glance().clean_up()
        assert orphan.exists()
        assert stage.glance.asked == []
        assert "not asked to prune" in report.alarms[0]

    @pytest.mark.parametrize("name", ["backup.qcow2", "21C3646C-DD5B-46C7-B8CD-12AD08459428"])
    def test_with_a_file_of_others_it_does_not_prune(self, stage, place, name):
        """Glance counts each file, and would look for room for ever; nobody else's goes."""
        foreign = stage.put(place, name, idle_s=50 * DAY)
        report = Glance().clean_up()
        assert foreign.exists()
        assert stage.glance.asked == []
        assert any(f"such as {name}" in alarm for alarm in report.alarms)

    def test_images_that_it_knows_never_go_by_file(self, stage, place):
        """Nor its database, its queue and its locks."""
        Glance().clean_up(amount=10**12)
        assert set(stages.left(place)) == {
            *stage.glance.known,
            "cache.db",
            "incomplete",
            "invalid",
            "queue",
        }

    def test_invalid_goes_after_an_hour(self, stage, place):
        """What is younger stays."""
        stage.put(place / "invalid", idle_s=2 * HOUR)
        young = stage.put(place / "invalid", idle_s=HOUR / 2)
        Glance().clean_up()
        assert stages.left(place / "invalid") == [young.name]

    def test_incomplete_goes_after_a_day_and_when_nobody_writes(self, stage, place):
        """A stalled download, not one that runs."""
        stage.put(place / "incomplete", idle_s=2 * DAY)
        young = stage.put(place / "incomplete", idle_s=DAY - HOUR)
        opened = stage.put(place / "incomplete", idle_s=2 * DAY)
        with opened.open("ab"):
            Glance().clean_up()
        assert stages.left(place / "incomplete") == sorted([young.name, opened.name])

    @pytest.mark.parametrize("trouble", [None, exceptions.CleanupdError("down")])
    def test_without_an_answer_images_are_left_alone(self, stage, place, trouble):
        """What is unknown cannot be told from what is known."""
        orphan = stage.put(place, idle_s=9 * DAY)
        stage.put(place / "invalid", idle_s=2 * HOUR)
        stage.glance = FakeGlance(place, [], trouble) if trouble else None
        stage.bind()
        report = Glance().clean_up()
        assert orphan.exists()
        assert stages.left(place / "invalid") == []
        assert "left to Glance" in report.advice[0]

    def test_in_mode_report_it_is_asked_for_its_list_only(self, stage, place):
        """Nothing is removed, nothing is pruned."""
        stage.is_enforcing = False
        stage.bind()
        orphan = stage.put(place, idle_s=2 * DAY)
        assert Glance().clean_up().planned == 1
        assert orphan.exists()
        assert stage.glance.asked == []


class FakeCloud:
    """Answers with a body and remembers the requests."""

    def __init__(self, body):
        """Have been asked nothing."""
        self.body = body
        self.asked = []

    def request(self, method, service, path):
        """Return the body."""
        self.asked.append((method, service, path))
        return self.body


class TestGlanceApi:
    """The cache API."""

    def test_its_list_is_read(self):
        """As a real Glance 33 answered."""
        body = (
            '{"cached_images": [{"id": 1, "image_id": "21c3646c-dd5b-46c7-b8cd-12ad08459428",'
            ' "last_accessed": 1795265822.0, "last_modified": 1795265822.0, "size": 196616,'
            ' "hits": 0, "checksum": null}], "queued_images": []}'
        )
        known = glance.CacheApi(lambda: FakeCloud(body)).image_ids()
        assert known == {"21c3646c-dd5b-46c7-b8cd-12ad08459428"}

    def test_another_answer_is_an_error(self):
        """Nothing is made of it."""
        with pytest.raises(exceptions.MalformedAnswer):
            glance.CacheApi(lambda: FakeCloud("[]")).image_ids()

    def test_it_is_asked_to_clean_and_prune(self):
        """By POST, on one connection."""
        cloud = FakeCloud("")
        api = glance.CacheApi(lambda: cloud)
        api.clean()
        api.prune()
        assert cloud.asked == [
            ("POST", "image", "/cache/clean"),
            ("POST", "image", "/cache/prune"),
        ]
