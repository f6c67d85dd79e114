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

"""Room that comes late or never, and who is asked for it."""

import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.image_cache import node
from cleanupd.image_cache import registry
from cleanupd.image_cache import reports
from tests.unit.image_cache import stage as stages

Cache = image_cache.InstanceImageCache
TFTP = image_cache.TFTPImageCache
B = stages.BLOCK
HOUR = stages.HOUR
FILES = 100


class Lying(image_cache.ImageCache):
    """A cache that says that it removed something, and never does."""

    def clean_up(self, amount=None, **_):
        """Remove nothing."""
        return reports.Report(cache="Lying", is_enforced=True, removed=1, freed=amount or 0)


class TestReserve:
    """A file system takes back its reserve before it tells of any room."""

    @pytest.fixture
    def place(self, stage):
        """Give a cache on a disk whose reserve takes the first ninety blocks."""
        place = stage.add(Cache)
        for number in range(FILES):
            stage.put(place, idle_s=(200 - number) * HOUR)
        stage.room = lambda: stages.room(max(0, FILES - len(stages.left(place)) - 90) * B)
        stage.bind()
        return place

    def test_a_little_is_found_behind_a_large_reserve(self, stage, place):
        """Files go for as long as there are any; more of them in a round that brings nothing."""
        image_cache.clean_up_caches(place, [("image", 1)])
        assert len(stage.measured) < 2 * FILES
        assert len(stages.left(place)) < FILES - 90

    def test_its_low_water_mark_is_reached(self, stage, place):
        """The report is of all rounds: each file that went is in it once."""
        stage.change(Cache, low_free=B)
        (report,) = node.Node("here").clean().reports
        removed = FILES - len(stages.left(place))
        assert removed > 90
        assert (report.removed, report.freed) == (removed, removed * B)
        assert (report.planned, report.planned_size) == (removed, removed * B)
        assert len({file.name for file in report.files}) == len(report.files) == removed
        assert report.alarms == ()


def test_a_cache_that_lies_is_given_up(stage, monkeypatch):
    """It says that it removes something for ever; the next one is cleaned all the same."""
    stages.only(monkeypatch, (9, Lying), (8, Cache))
    stage.add(Lying, low_free=B)
    path = stage.put(stage.add(Cache))
    stage.room = lambda: stages.room(0 if path.exists() else 2 * B)
    stage.bind()
    image_cache.clean_up_caches(stage.folder, [("image", 1)])
    assert not path.exists()
    stage.room = stages.room(0)
    stage.bind()
    assert "low water" in node.Node("here").clean("Lying").reports[0].alarms[0]


def test_below_low_water_with_nothing_to_give_is_an_alarm(stage):
    """Somebody has to buy a disk then."""
    stage.add(Cache, low_free=2 * B)
    stage.room = stages.room(B)
    stage.bind()
    (report,) = node.Node("here").clean().reports
    assert "stays below its low water mark" in report.alarms[0]


def test_a_cache_that_knows_no_dry_run_is_left_alone_in_mode_report(stage, monkeypatch):
    """By the schedule and for others' sake: it would remove things in earnest."""
    asked = []

    class Simple(image_cache.ImageCache):
        def clean_up(self, amount=None):
            asked.append(amount)

    stages.only(monkeypatch, (5, Simple))
    stage.is_enforcing = False
    stage.room = stages.room(0)
    stage.add(Simple, low_free=B)
    assert "it broke" in node.Node("here").clean().reports[0].alarms[0]
    with pytest.raises(exceptions.InsufficientDiskSpace):
        image_cache.clean_up_caches(stage.folder, [("image", 1)])
    assert asked == []


class TestOthers:
    """Other caches than the one whose directory is asked for."""

    def test_they_are_not_looked_at_where_the_first_is_enough(self, stage, caplog):
        """One that cannot be reached does no harm then."""
        path = stage.put(stage.add(Cache))
        stage.add(TFTP).rmdir()
        stage.room = lambda: stages.room(0 if path.exists() else 2 * B)
        stage.bind()
        image_cache.clean_up_caches(path.parent, [("image", 1)])
        assert not path.exists()
        assert "ironic_tftp" not in caplog.text

    def test_one_that_cannot_be_reached_is_told(self, stage, caplog):
        """When its turn comes; the next one is cleaned."""
        stage.add(image_cache.ISOImageCache).rmdir()
        path = stage.put(stage.add(Cache))
        stage.room = lambda: stages.room(0 if path.exists() else 2 * B)
        stage.bind()
        image_cache.clean_up_caches(stage.folder, [("image", 1)])
        assert "ironic_iso" in caplog.text
        assert not path.exists()

    def test_where_its_disk_is_not_mounted_no_other_gives_room(self, stage):
        """What is free below the mount point is nothing that anybody asked for."""
        missing = stage.add(Cache, mount_point=str(stage.folder))
        kept = [stage.put(stage.add(TFTP)), stage.put(missing)]
        stage.room = stages.room(0)
        stage.bind()
        outcome = node.Node("here").clean(Cache.NAME, free=B)
        assert all(path.exists() for path in kept)
        assert "nothing is mounted" in outcome.lacking[0]


def test_a_cache_that_cannot_be_made_is_told(stage, monkeypatch):
    """It is not called off: it is an alarm, and the next one is cleaned."""

    class Unmakeable(image_cache.ImageCache):
        def __init__(self):
            raise RuntimeError

    stages.only(monkeypatch, (9, Unmakeable), (7, Cache))
    path = stage.put(stage.add(Cache, max_age_s=HOUR))
    first, second = node.Node("here").clean().reports
    assert "it broke: RuntimeError" in first.alarms[0]
    assert (second.removed, path.exists()) == (1, False)


def test_where_no_cache_is_on_that_is_told(stage):
    """Who asks for a pass should not believe that there was one."""
    stage.bind()
    assert "off" in node.Node("here").clean().lacking[0]


def test_two_registered_caches_of_one_name_share_its_limits(stage, monkeypatch):
    """As a subclass does that gives itself no name: each is cleaned, none stops the other."""
    stages.only(monkeypatch)
    ours = image_cache.cleanup(priority=1)(type("Child", (Cache,), {}))
    stage.put(stage.add(Cache))
    assert registry.known_caches() == [ours]
    assert ours().clean_up(amount=1).removed == 1
