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

"""What can be wrong with a directory, a file or a clock, and what is right to do then."""

import contextlib
import fcntl
import os
import pathlib
import uuid

import pytest

from cleanupd import image_cache
from cleanupd.image_cache import clocks
from cleanupd.image_cache import directories
from tests.unit.image_cache import stage as stages

Cache = image_cache.InstanceImageCache
B = stages.BLOCK
HOUR = stages.HOUR
DAY = stages.DAY
ALL = 10**6 * B


class TestDirectory:
    """The directory itself is not as it should be."""

    def test_a_missing_one_is_never_made(self, stage):
        """It is skipped, with an alarm."""
        place = stage.add(Cache, max_age_s=HOUR)
        place.rmdir()
        report = Cache().clean_up(amount=ALL)
        assert not place.exists()
        assert "No such file" in report.skipped
        assert report.alarms

    def test_one_that_nobody_named_is_off(self, stage):
        """An unbound cache touches no disk."""
        report = Cache().clean_up(amount=ALL)
        assert Cache().master_dir is None
        assert "off" in report.skipped

    def test_what_is_not_on_its_mount_is_skipped(self, stage):
        """Where nothing is mounted, the files below the mount point are others'."""
        place = stage.add(Cache, mount_point=str(stage.folder))
        kept = stage.put(place)
        report = Cache().clean_up(amount=ALL)
        assert kept.exists()
        assert "nothing is mounted" in report.skipped

    def test_a_link_is_resolved_when_it_is_bound(self, stage):
        """And not followed any more afterwards."""
        real, other = stage.folder / "real", stage.folder / "other"
        real.mkdir()
        other.mkdir()
        link = stage.folder / "link"
        link.symlink_to(real)
        stage.add(Cache, directory=str(link))
        assert Cache().master_dir == str(real)
        real.rmdir()
        real.symlink_to(other)
        kept = stage.put(other)
        assert Cache().clean_up(amount=ALL).skipped
        assert kept.exists()

    def test_a_file_in_its_place_is_skipped(self, stage):
        """It is no directory, and that is reported."""
        place = stage.add(Cache)
        place.rmdir()
        place.write_text("a file")
        assert "Not a directory" in Cache().clean_up(amount=ALL).skipped


class TestFiles:
    """Files are not what they seem."""

    def test_symbolic_links_are_neither_followed_nor_removed(self, stage):
        """Dangling, to a file outside, and to itself: they are foreign."""
        place = stage.add(Cache, max_age_s=HOUR, max_size=1)
        outside = stage.put(stage.folder, "outside", idle_s=90 * DAY)
        names = [str(uuid.uuid4()) for _ in range(3)]
        for name, target in zip(names, ("nowhere", outside, names[2]), strict=True):
            (place / name).symlink_to(target)
        report = Cache().clean_up(amount=ALL)
        assert stages.left(place) == sorted(names)
        assert outside.exists()
        assert (report.removed, report.foreign) == (0, 3)

    def test_foreign_names_are_left_and_told(self, stage):
        """Boot loaders in a cache that is a TFTP root, too, stay where they are."""
        place = stage.add(Cache, max_age_s=HOUR, max_size=1)
        names = ["map-file", "snponly.efi", "undionly.kpxe"]
        for name in names:
            stage.put(place, name, idle_s=90 * DAY)
        report = Cache().clean_up(amount=ALL)
        assert stages.left(place) == names
        assert report.foreign == 3
        assert "undionly.kpxe" in report.alarms[0] or "map-file" in report.alarms[0]

    @pytest.mark.parametrize(
        "name", [b"\xff\xfe", b"a\nb", b"-rf", b"x" * 255, b"*", b"\x1b[2J", "ü".encode()]
    )
    def test_odd_bytes_in_names_are_survived(self, stage, name):
        """Names that are no text are foreign, and told in printable letters."""
        place = stage.add(Cache, max_size=1)
        (place / os.fsdecode(name)).write_text("x")
        report = Cache().clean_up(amount=ALL)
        assert len(stages.left(place)) == 1
        assert report.alarms[0].isprintable()

    def test_a_name_of_the_right_length_is_not_enough(self, stage):
        """What is as long as a uuid and none is foreign."""
        place = stage.add(Cache)
        kept = stage.put(place, "x" * 36)
        report = Cache().clean_up(amount=ALL)
        assert kept.exists()
        assert (report.foreign, report.seen, report.removed) == (1, 1, 0)

    def test_a_converted_image_is_the_caches(self, stage):
        """Ironic's raw copies go like others."""
        place = stage.add(Cache)
        stage.put(place, f"{uuid.uuid4()}.converted")
        assert Cache().clean_up(amount=1).removed == 1

    def test_what_is_young_stays(self, stage):
        """Nothing that was used within an hour goes, whatever is asked for."""
        place = stage.add(Cache, max_age_s=1, max_size=1, min_idle_s=0)
        kept = stage.put(place, idle_s=HOUR - 60)
        report = Cache().clean_up(amount=ALL)
        assert kept.exists()
        assert report.young == 1

    def test_what_was_used_within_its_own_limit_stays(self, stage):
        """A longer min_idle holds for any reason."""
        place = stage.add(Cache, min_idle_s=5 * HOUR)
        kept = stage.put(place, idle_s=4 * HOUR)
        Cache().clean_up(amount=ALL)
        assert kept.exists()

    def test_sparse_files_count_what_they_take(self, stage):
        """Ten files of 64 MiB that take a block each: a block takes one file."""
        place = stage.add(Cache)
        for _ in range(10):
            os.truncate(stage.put(place), 64 << 20)
        for path in place.iterdir():
            stage.age(path, 2 * HOUR)
        report = Cache().clean_up(amount=3 * B)
        assert (report.removed, report.freed) == (3, 3 * B)

    def test_an_open_file_stays(self, stage):
        """It would give no room; the next one goes in its place."""
        place = stage.add(Cache)
        opened = stage.put(place, idle_s=9 * HOUR)
        stage.put(place, idle_s=8 * HOUR)
        with opened.open("rb"):
            report = Cache().clean_up(amount=1)
        assert stages.left(place) == [opened.name]
        assert (report.opened, report.removed) == (1, 1)

    def test_a_file_that_is_open_by_another_name_stays(self, stage):
        """The lease is the inode's."""
        place = stage.add(Cache)
        opened = stage.put(place)
        other = stage.folder / "other"
        os.link(opened, other)
        handle = os.open(other, os.O_RDONLY)
        other.unlink()
        try:
            assert Cache().clean_up(amount=1).opened == 1
        finally:
            os.close(handle)

    def test_without_the_probe_an_open_file_goes(self, stage):
        """Who holds it keeps its data."""
        place = stage.add(Cache, has_lease_probe=False)
        path = stage.put(place)
        with path.open("rb") as opened:
            assert Cache().clean_up(amount=1).removed == 1
            assert len(opened.read()) == B


class TestMeanwhile:
    """Somebody else works in the directory."""

    @pytest.fixture
    def meddle(self, monkeypatch):
        """Give a way to have something happen just before the last look at a file."""

        def arrange(happening):
            look = directories.Directory.look

            def meddled(self, name):
                happening(pathlib.Path(self.path) / name)
                return look(self, name)

            monkeypatch.setattr(directories.Directory, "look", meddled)

        return arrange

    def test_replaced_since_the_look(self, stage, meddle):
        """Another file of the same name stays, even one with the same times."""
        place = stage.add(Cache, has_lease_probe=False)
        path = stage.put(place)

        def replace(_):
            fresh = place / "fresh"
            fresh.write_text("fresh")
            os.utime(fresh, (stages.DAY, stages.DAY))
            fresh.rename(path)

        # As on a real clock, its change time is its newest, and cannot be set back.
        os.utime(path, (stages.DAY, stages.DAY))
        meddle(replace)
        report = Cache().clean_up(amount=1)
        assert path.read_text() == "fresh"
        assert (report.changed, report.removed) == (1, 0)

    def test_linked_since_the_look(self, stage, meddle):
        """Somebody uses it now."""
        place = stage.add(Cache)
        path = stage.put(place)
        meddle(lambda found: os.link(found, stage.folder / "disk"))
        report = Cache().clean_up(amount=1)
        assert path.exists()
        assert report.changed == 1

    def test_vanished_since_the_look(self, stage, meddle):
        """It is not counted as freed."""
        place = stage.add(Cache)
        stage.put(place)
        meddle(pathlib.Path.unlink)
        report = Cache().clean_up(amount=1)
        assert (report.vanished, report.freed, report.removed) == (1, 0, 0)

    def test_vanished_while_it_is_listed(self, stage, monkeypatch):
        """What goes before it was looked at is not seen, and all others are."""
        place = stage.add(Cache)
        paths = [stage.put(place) for _ in range(200)]

        class Entry:
            def __init__(self, real):
                self.name = real.name
                self.real = real

            def stat(self, *, follow_symlinks):
                if self.name == paths[70].name:
                    paths[70].unlink(missing_ok=True)
                return self.real.stat(follow_symlinks=follow_symlinks)

        @contextlib.contextmanager
        def scandir(descriptor):
            with real_scandir(descriptor) as entries:
                yield map(Entry, entries)

        real_scandir = os.scandir
        monkeypatch.setattr(os, "scandir", scandir)
        report = Cache().clean_up(is_dry_run=True)
        assert (report.seen, report.size) == (199, 199 * B)

    def test_a_second_sweeper_waits_and_finds_the_room_made(self, stage):
        """Two that want the same room do not both make it."""
        place = stage.add(Cache)
        for _ in range(4):
            stage.put(place)
        free = [0]
        stage.room = lambda: stages.room(free[0])
        stage.bind()
        handle = os.open(place, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)

        def sleep(_):
            free[0] = 2 * B
            os.close(handle)

        cache = Cache()
        object.__setattr__(cache.bound, "sleep", sleep)
        report = cache.clean_up(amount=2 * B)
        assert len(stages.left(place)) == 4
        assert "another sweeper has made the room" in report.skipped

    @pytest.mark.parametrize(("free", "removed"), [(0, 3), (B, 2), (3 * B, 0), (-B, 3)])
    def test_what_came_since_the_room_was_measured_counts(self, stage, free, removed):
        """A sweeper that has ended by then was not waited for, and made room all the same."""
        place = stage.add(Cache)
        for _ in range(4):
            stage.put(place)
        stage.room = stages.room(free)
        stage.bind()
        report = Cache().clean_up(amount=3 * B, measured=stages.room(0))
        assert report.removed == removed

    def test_a_sweeper_that_never_ends_is_not_waited_for(self, stage, monkeypatch):
        """The pass is skipped after a while."""
        place = stage.add(Cache)
        kept = stage.put(place)
        monkeypatch.setattr("cleanupd.image_cache.base.LOCK_PATIENCE_S", 0.0)
        handle = os.open(place, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            assert "another sweeper is at work" in Cache().clean_up(amount=1).skipped
        finally:
            os.close(handle)
        assert kept.exists()

    def test_nothing_goes_until_it_is_quiet(self, stage):
        """Whoever lists the directory is waited for; who never ends ends the pass."""
        place = stage.add(Cache, quiet_s=0.01)
        kept = stage.put(place)
        cache = Cache()
        object.__setattr__(cache.bound, "sleep", lambda _: list(place.iterdir()))
        moments = iter(i / 1000 for i in range(10**9))
        object.__setattr__(cache.bound, "monotonic", lambda: next(moments))
        report = cache.clean_up(amount=1)
        assert kept.exists()
        assert "quiet" in report.skipped

    def test_when_it_is_quiet_it_goes(self, stage):
        """Waiting takes as long as is said, no longer."""
        place = stage.add(Cache, quiet_s=0.01)
        stage.put(place)
        waited = []
        cache = Cache()
        moments = iter(i * 0.005 for i in range(10**9))
        object.__setattr__(cache.bound, "monotonic", lambda: next(moments))
        object.__setattr__(cache.bound, "sleep", waited.append)
        assert cache.clean_up(amount=1).removed == 1
        assert len(waited) <= 2


class TestClock:
    """Times are not what they should be."""

    def test_a_time_in_the_future_does_not_keep_a_file(self, stage):
        """The newest time that is not in the future counts."""
        place = stage.add(Cache, max_age_s=DAY)
        path = stage.put(place, idle_s=-400 * DAY)
        os.utime(path, (stage.now_s - 2 * DAY, stage.now_s + 400 * DAY))
        assert Cache().clean_up().removed == 1

    def test_a_file_from_the_future_ages_from_when_it_was_seen(self, stage):
        """Where the clock was wrong when it was written, it is new when it is first seen."""
        stage.now_s -= 2 * stages.AHEAD  # so that its change time is yet to come
        place = stage.add(Cache, max_age_s=DAY)
        path = stage.put(place, idle_s=-stages.AHEAD)
        assert Cache().clean_up().removed == 0
        stage.now_s += 2 * DAY
        stage.running_s += 2 * DAY
        assert Cache().clean_up().removed == 1
        assert not path.exists()

    def test_a_clock_that_jumps_expires_nothing(self, stage):
        """Ages are not believed after a jump, and it is an alarm."""
        place = stage.add(Cache, max_age_s=7 * DAY)
        for _ in range(50):
            stage.put(place, idle_s=DAY)
        Cache().clean_up()
        stage.now_s += 30 * DAY
        stage.running_s += HOUR
        report = Cache().clean_up()
        assert len(stages.left(place)) == 50
        assert "clock was set" in report.alarms[0]

    def test_after_a_jump_what_was_just_used_is_not_idle(self, stage):
        """Even for want of room: its idle time is counted by the clock that does not jump."""
        place = stage.add(Cache)
        kept = stage.put(place, idle_s=60)
        Cache().clean_up()
        stage.now_s += 30 * DAY
        Cache().clean_up(amount=ALL)
        assert kept.exists()

    def test_a_day_after_a_jump_the_new_time_counts(self, stage):
        """Somebody has seen the alarm by then, or the new time is the right one."""
        place = stage.add(Cache, max_age_s=7 * DAY)
        stage.put(place, idle_s=DAY)
        Cache().clean_up()
        stage.now_s += 30 * DAY
        Cache().clean_up()
        stage.now_s += 2 * DAY
        stage.running_s += 2 * DAY
        assert Cache().clean_up().removed == 1

    def test_no_pass_expires_more_than_its_share(self, stage):
        """Even if the clock was wrong from the beginning."""
        place = stage.add(Cache, max_age_s=DAY, share=0.25)
        for _ in range(8):
            stage.put(place, idle_s=5 * DAY)
        report = Cache().clean_up()
        assert report.removed == 2
        assert "share" in report.alarms[0]

    def test_a_want_of_room_knows_no_share(self, stage):
        """A full disk is worse."""
        place = stage.add(Cache, share=0.25)
        for _ in range(8):
            stage.put(place)
        assert Cache().clean_up(amount=ALL).removed == 8

    def test_a_jump_while_nothing_ran_is_noticed(self, tmp_path):
        """What the clock said is kept in a file."""
        wall, running = [1000.0], [50.0]
        clocks.Clock(tmp_path, lambda: wall[0], lambda: running[0]).moment()
        wall[0], running[0] = 1000.0 + 7 * DAY, 60.0
        moment = clocks.Clock(tmp_path, lambda: wall[0], lambda: running[0]).moment()
        assert moment.jump_s == pytest.approx(7 * DAY - 10)
        assert moment.now_s == 1010.0

    @pytest.mark.parametrize("is_near", [True, False])
    def test_nothing_is_written_to_the_disk_that_is_cleaned(self, stage, shared_memory, is_near):
        """What is remembered belongs elsewhere, which is said."""
        folder = stage.folder / "run" if is_near else pathlib.Path(shared_memory) / "run"
        stage.clock = clocks.Clock(folder, lambda: stage.now_s, lambda: stage.running_s)
        stage.add(Cache)
        report = Cache().clean_up()
        assert folder.exists() is not is_near
        assert bool(report.advice) is is_near
        assert all("run_path" in text for text in report.advice)

    def test_where_nothing_can_be_written_passes_go_on(self, tmp_path, caplog):
        """What is known of the clock is kept in memory then."""
        (tmp_path / "file").write_text("")
        clock = clocks.Clock(tmp_path / "file" / "folder")
        assert clock.moment().jump_s == 0
        assert "in memory only" in caplog.text
