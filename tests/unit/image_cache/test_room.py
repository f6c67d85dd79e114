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

"""Room for whoever asks, and all caches of a node together."""

import fcntl
import functools
import os
import pathlib
import time

import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.image_cache import directories
from cleanupd.image_cache import node
from cleanupd.image_cache import registry
from tests.unit.image_cache import stage as stages

Cache = image_cache.InstanceImageCache
B = stages.BLOCK
HOUR = stages.HOUR
DAY = stages.DAY


class TestRoom:
    """Room is asked for in a file system."""

    def test_its_own_cache_comes_first(self, stage):
        """Even one of low priority; the others follow in order."""
        stage.room = stages.room(0)
        for cache in (Cache, image_cache.TFTPImageCache, image_cache.ISOImageCache):
            stage.add(cache)
        own = stage.folder / "ironic_tftp"
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(own, [("image", B)])
        looked = list(dict.fromkeys(pathlib.Path(path).name for path in stage.measured))
        assert looked == ["ironic_tftp", "ironic_iso", "ironic_instance"]

    def test_pxe_is_cleaned_for_itself_only(self, stage):
        """It is not registered."""
        stage.room = stages.room(0)
        pxe = stage.put(stage.add(image_cache.PXEImageCache))
        stage.add(Cache)
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(stage.folder / "ironic_instance", [("image", B)])
        assert pxe.exists()
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(pxe.parent, [("image", B)])
        assert not pxe.exists()

    def test_a_broken_cache_does_not_stop_the_next(self, stage, monkeypatch):
        """Neither one that cannot be made nor one that raises."""

        class Unmakeable(image_cache.ImageCache):
            def __init__(self):
                raise RuntimeError

        class Raising(image_cache.ImageCache):
            def clean_up(self, amount=None):
                raise RuntimeError

        stages.only(monkeypatch, (9, Unmakeable), (8, Raising), (7, Cache))
        for cache in (Unmakeable, Raising, Cache):
            stage.add(cache)
        path = stage.put(stage.folder / "ironic_instance")
        stage.room = lambda: stages.room(0 if path.exists() else B)
        stage.bind()
        image_cache.clean_up_caches(stage.folder, [("image", 1)])
        assert not path.exists()

    def test_a_cache_that_is_off_is_skipped(self, stage):
        """All are but the one of the lowest priority of Ironic's, which is cleaned."""
        path = stage.put(stage.add(image_cache.TFTPImageCache))
        stage.room = lambda: stages.room(0 if path.exists() else B)
        stage.bind()
        image_cache.clean_up_caches(stage.folder, [("image", 1)])
        assert not path.exists()

    def test_where_inodes_are_short_files_go_by_count(self, stage):
        """There is room for bytes, and none for files."""
        place = stage.add(Cache)
        for i in range(9):
            stage.put(place, idle_s=(20 - i) * HOUR)
        stage.room = lambda: stages.room(10**12, inodes=9 - len(stages.left(place)))
        stage.bind()
        image_cache.clean_up_caches(place, [("image", B)])
        assert len(stages.left(place)) == 4

    def test_exactly_as_much_as_asked_for_is_not_enough(self, stage):
        """Strictly more is, as in Ironic."""
        place = stage.add(Cache)
        path = stage.put(place)
        stage.room = lambda: stages.room(B if path.exists() else 2 * B)
        stage.bind()
        image_cache.clean_up_caches(place, [("image", B)])
        assert not path.exists()

    def test_in_mode_report_nothing_goes(self, stage):
        """Who asked is told that there is no room."""
        stage.room = stages.room(0)
        stage.is_enforcing = False
        path = stage.put(stage.add(Cache))
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(path.parent, [("image", 1)])
        assert path.exists()

    def test_sizes_are_looked_up_by_id(self, stage):
        """Who gives images and where they will be, as in the specification, needs no sizes."""
        stage.room = stages.room(10)
        stage.image_size = {"small": 5, "large": 50}.__getitem__
        stage.bind()
        assert image_cache.clean_up_caches(stage.folder, [("small", "/a/path")]) == []
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(stage.folder, [("large", "/a/path")])

    def test_a_size_that_cannot_be_known_is_refused(self, stage):
        """Nothing is removed for a guess."""
        with pytest.raises(exceptions.Refused, match="size of image x"):
            image_cache.clean_up_caches(stage.folder, [("x", "/a/path")])


class TestNode:
    """All caches of a node."""

    def test_low_water_brings_it_to_high_water(self, stage):
        """Below the one, files go until the other."""
        place = stage.add(Cache, low_free=2 * B, high_free=4 * B)
        for _ in range(9):
            stage.put(place)
        stage.room = lambda: stages.room((9 - len(stages.left(place))) * B + B)
        stage.bind()
        node.Node("here").clean()
        assert len(stages.left(place)) == 5

    def test_above_low_water_nothing_goes(self, stage):
        """High water is where to stop, not where to begin."""
        place = stage.add(Cache, low_free=2 * B, high_free=4 * B)
        stage.put(place)
        stage.room = stages.room(3 * B)
        stage.bind()
        assert node.Node("here").clean().reports[0].removed == 0

    def test_low_water_of_inodes(self, stage):
        """Inodes have marks of their own."""
        place = stage.add(Cache, low_inodes=2, high_inodes=4)
        for _ in range(9):
            stage.put(place)
        stage.room = lambda: stages.room(10**12, inodes=10 - len(stages.left(place)))
        stage.bind()
        node.Node("here").clean()
        assert len(stages.left(place)) == 5

    def test_a_dry_run_shows_what_would_go(self, stage):
        """File, size on disk, last use and why; nothing is removed."""
        place = stage.add(Cache, max_age_s=DAY)
        path = stage.put(place, blocks=2, idle_s=3 * DAY)
        (file,) = node.Node("here").state(Cache.NAME).report.files
        assert path.exists()
        assert (file.name, file.size) == (path.name, 2 * B)
        assert file.why.startswith("age")
        assert file.last_used_at.timestamp() == pytest.approx(stage.now_s - 3 * DAY)

    def test_room_is_asked_for_by_file_system(self, stage):
        """Two caches on one are one request; a dry run ends where there would be enough."""
        first, second = stage.add(Cache), stage.add(image_cache.TFTPImageCache)
        stage.put(first, blocks=2)
        stage.put(second, blocks=2)
        stage.room = stages.room(0)
        stage.bind()
        outcome = node.Node("here").clean(free=B, is_dry_run=True)
        assert [report.cache for report in outcome.reports] == [Cache.NAME]
        assert outcome.lacking == ()

    def test_in_mode_report_it_is_a_dry_run(self, stage):
        """One file would be enough, so one is shown, and nothing of the next cache."""
        stage.is_enforcing = False
        first, second = stage.add(Cache), stage.add(image_cache.TFTPImageCache)
        for place in (first, second):
            stage.put(place)
            stage.put(place)
        stage.room = stages.room(0)
        stage.bind()
        outcome = node.Node("here").clean(free=1)
        assert [report.planned for report in outcome.reports] == [1]
        assert len(stages.left(first)) == len(stages.left(second)) == 2

    def test_three_passes_that_fail_alike_are_an_alarm(self, stage, monkeypatch):
        """Somebody has to look at permissions then."""
        place = stage.add(Cache, max_age_s=HOUR)
        stage.put(place)

        def refuse(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(directories.Directory, "unlink", refuse)
        here = node.Node("here")
        alarms = [here.clean().reports[0].alarms for _ in range(3)]
        assert alarms[:2] == [(), ()]
        assert "EPERM 1 times" in alarms[2][0]

    def test_so_are_three_passes_that_somebody_kept_away(self, stage, monkeypatch):
        """Whoever can open the directory can lock it, for as long as they like."""
        place = stage.add(Cache)
        monkeypatch.setattr("cleanupd.image_cache.base.LOCK_PATIENCE_S", 0.0)
        here = node.Node("here")
        handle = os.open(place, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            alarms = [here.clean().reports[0].alarms for _ in range(3)]
        finally:
            os.close(handle)
        assert alarms[:2] == [(), ()]
        assert "another sweeper is at work" in alarms[2][0]
        assert here.clean().reports[0].alarms == ()

    def test_each_cache_has_its_own_interval(self, stage):
        """The job passes over those whose time has come."""
        stage.add(Cache, interval_s=100)
        stage.add(image_cache.TFTPImageCache)
        here = node.Node("here")
        assert "of 1 caches" in here.run_scheduled()
        assert "of 0 caches" in here.run_scheduled()

    def test_a_cache_that_knows_amounts_only_is_cleaned(self, stage, monkeypatch):
        """As in the specification; a dry run, of which it knows nothing, does not touch it."""
        asked = []

        class Simple(image_cache.ImageCache):
            def clean_up(self, amount=None):
                asked.append(amount)

        stages.only(monkeypatch, (5, Simple))
        stage.add(Simple, low_free=B)
        stage.room = stages.room(2 * B)
        stage.bind()
        here = node.Node("here")
        (report,) = here.clean().reports
        assert (asked, report.skipped) == ([None], None)
        stage.room = stages.room(B)
        stage.bind()
        here.clean()
        assert asked == [None, 1]
        assert "it broke" in here.state("Simple").report.skipped
        assert len(asked) == 2

    def test_an_unknown_cache_is_told(self):
        """With those that there are."""
        with pytest.raises(exceptions.UnknownImageCache, match="ironic_instance"):
            node.Node("here").state("x")


class TestRegistry:
    """Caches are registered."""

    @pytest.mark.parametrize("priority", [0, -1, 1.5, "5", True, None])
    def test_a_priority_is_a_positive_integer(self, priority):
        """Anything else is refused."""
        with pytest.raises(ValueError, match="positive integer"):
            image_cache.cleanup(priority=priority)

    def test_a_constructor_has_no_parameters(self, monkeypatch):
        """A class that cannot be made without is refused at once."""
        stages.only(monkeypatch)

        class Needy(image_cache.ImageCache):
            def __init__(self, where):
                super().__init__(where)

        with pytest.raises(TypeError, match="without where"):
            image_cache.cleanup(priority=1)(Needy)

    @pytest.mark.parametrize("thing", [object, dict, image_cache.ImageCache.clean_up])
    def test_only_caches_are_registered(self, monkeypatch, thing):
        """What could not be cleaned is refused at once, and is not in the list."""
        stages.only(monkeypatch)
        with pytest.raises(TypeError, match="no subclass of ImageCache"):
            image_cache.cleanup(priority=1)(thing)
        assert registry.cache_cleanup_list == []

    def test_a_cache_may_bring_its_own_place(self, stage, monkeypatch):
        """As in the specification: a constructor without parameters that calls the base's."""
        stages.only(monkeypatch)
        place = stage.folder / "own"
        place.mkdir()

        @image_cache.cleanup(priority=50)
        class Own(image_cache.ImageCache):
            def __init__(self):
                super().__init__(place, cache_size=2 * B, cache_ttl=5 * HOUR)

        stage.bind()
        old, first, second, third = (stage.put(place, idle_s=i * HOUR) for i in (6, 4, 3, 2))
        cache = Own()
        # It waits for quiet, as its limits say by themselves.
        object.__setattr__(cache.bound, "sleep", time.sleep)
        cache.clean_up()
        assert not old.exists()
        assert not first.exists()
        assert second.exists()
        assert third.exists()

    def test_ironics_caches_are_in_order(self):
        """ISO images before instances' before kernels."""
        order = [cache for _, cache in image_cache.cache_cleanup_list]
        ironics = [image_cache.ISOImageCache, Cache, image_cache.TFTPImageCache]
        assert [cache for cache in order if cache in ironics] == ironics
        assert image_cache.PXEImageCache not in order

    def test_a_third_partys_cache_is_found(self, stage, monkeypatch, tmp_path):
        """By its entry point, whose import registers it: it gives room in the same pass."""
        stages.only(monkeypatch)

        def load():
            class Acme(image_cache.ImageCache):
                NAME = "acme"

            image_cache.cleanup(priority=60)(Acme)
            return {"acme": Acme}, ()

        monkeypatch.setattr(registry, "load_caches", functools.cache(load))
        path = stage.put(stage.add("acme"))
        stage.room = lambda: stages.room(0 if path.exists() else B)
        stage.bind()
        image_cache.clean_up_caches(tmp_path, [("image", 1)])
        assert not path.exists()

    def test_what_an_entry_point_names_is_a_cache(self):
        """All of ours are, and none was refused."""
        caches, refused = registry.load_caches()
        assert refused == ()
        assert {"ironic_instance", "ironic_pxe", "nova_base", "glance"} <= caches.keys()
