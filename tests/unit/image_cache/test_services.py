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

"""What each service's caches hold, and what of it may go."""

import json
import logging
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

from cleanupd import image_cache
from tests.unit.image_cache import stage as stages

Cache = image_cache.InstanceImageCache
Nova = image_cache.NovaBaseCache
Glance = image_cache.GlanceImageCache
Cinder = image_cache.CinderConversionCache
B = stages.BLOCK
HOUR = stages.HOUR
DAY = stages.DAY
BASE = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#: What Nova does while it downloads.
NOVA = """\
import sys
from oslo_concurrency import lockutils
lock = lockutils.lock(
    sys.argv[1], lock_file_prefix="nova-", external=True, lock_path=sys.argv[2]
)
with lock:
    print(flush=True)
    input()
"""


class TestIronic:
    """What a killed conductor left."""

    def download(self, stage, idle_s):
        """Have there be the directory of a download of so long ago."""
        place = stage.folder / Cache.NAME
        folder = place / "tmpab_cd12x"
        folder.mkdir()
        stage.put(folder, "image.part", idle_s=idle_s)
        stage.age(folder, idle_s)
        return folder

    def test_an_orphan_goes_whole(self, stage):
        """Nothing in it is newer than the start of the oldest conductor."""
        stage.started_s = stage.now_s - DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        report = Cache().clean_up()
        assert not folder.exists()
        assert report.files[0].name == "tmpab_cd12x/"
        assert report.files[0].why.startswith("orphan")

    def test_to_list_an_orphan_is_no_use_of_it(self, stage):
        """Our own look moves its access time, as a backup does: it goes all the same."""
        stage.started_s = stage.now_s - DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        os.utime(folder, (stage.now_s, stage.now_s - 2 * DAY))
        assert Cache().clean_up().removed == 1

    def test_a_time_in_the_future_does_not_keep_an_orphan(self, stage):
        """Its other times say when it was left; an empty one has a change time at least."""
        stage.started_s = stage.now_s - DAY
        place = stage.add(Cache)
        empty = place / "tmpab_cd13x"
        empty.mkdir()
        folder = self.download(stage, 2 * DAY)
        for path in (folder / "image.part", folder, empty):
            stage.age(path, -400 * DAY)
        assert Cache().clean_up().removed == 2

    def test_in_mode_report_it_is_shown(self, stage):
        """And stays."""
        stage.started_s = stage.now_s - DAY
        stage.is_enforcing = False
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        assert Cache().clean_up().planned == 1
        assert folder.exists()

    def test_a_download_since_the_start_stays(self, stage):
        """The conductor that runs may have begun it."""
        stage.started_s = stage.now_s - 3 * DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        Cache().clean_up()
        assert folder.exists()

    def test_where_no_conductor_is_seen_nothing_is_proven(self, stage):
        """It may run in another container."""
        stage.add(Cache)
        folder = self.download(stage, 90 * DAY)
        report = Cache().clean_up()
        assert folder.exists()
        assert "ironic-conductor is seen to run" in report.advice[0]

    def test_a_file_that_is_open_keeps_it(self, stage):
        """Somebody is at work in it."""
        stage.started_s = stage.now_s - DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        with (folder / "image.part").open("rb"):
            assert Cache().clean_up().opened == 1
        assert folder.exists()

    def test_a_folder_in_it_keeps_it(self, stage):
        """No conductor makes one."""
        stage.started_s = stage.now_s - DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        (folder / "folder").mkdir()
        stage.age(folder, 2 * DAY)
        Cache().clean_up()
        assert folder.exists()

    def test_an_orphan_goes_before_images(self, stage):
        """Nobody can need it again; where it gives enough room no image goes."""
        stage.started_s = stage.now_s - DAY
        image = stage.put(stage.add(Cache), idle_s=50 * DAY)
        folder = self.download(stage, 2 * DAY)
        report = Cache().clean_up(amount=1)
        assert image.exists()
        assert not folder.exists()
        assert (report.removed, report.freed) == (1, B)

    def test_what_an_orphan_lacks_images_give(self, stage):
        """No more of them than that takes."""
        stage.started_s = stage.now_s - DAY
        place = stage.add(Cache)
        for _ in range(3):
            stage.put(place)
        self.download(stage, 2 * DAY)
        assert Cache().clean_up(amount=2 * B).removed == 2
        assert len(stages.left(place)) == 2

    def test_what_an_orphan_shares_with_an_image_gives_no_room(self, stage):
        """It was killed between its links: an unused image goes in its place."""
        stage.started_s = stage.now_s - DAY
        place = stage.add(Cache)
        images = [stage.put(place, idle_s=idle_s) for idle_s in (9 * DAY, 3 * DAY)]
        folder = self.download(stage, 2 * DAY)
        os.link(images[1], folder / images[1].name)
        for path in (images[1], folder):
            stage.age(path, 3 * DAY)
        (folder / "image.part").unlink()
        stage.age(folder, 3 * DAY)
        report = Cache().clean_up(amount=1)
        assert [image.exists() for image in images] == [False, True]
        assert not folder.exists()
        assert report.freed == B

    def test_a_clock_that_jumps_makes_no_orphan(self, stage):
        """When a process was started is reckoned back from now: its download is no older."""
        stage.started_s = stage.now_s - 3 * DAY
        stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        Cache().clean_up()
        stage.now_s += 30 * DAY
        stage.started_s += 30 * DAY
        stage.bind()
        report = Cache().clean_up()
        assert folder.exists()
        assert "clock was set" in report.alarms[0]

    def test_what_goes_is_logged(self, stage, caplog):
        """Images and orphans, each by name, with its size."""
        caplog.set_level(logging.INFO)
        stage.started_s = stage.now_s - DAY
        image = stage.put(stage.add(Cache))
        self.download(stage, 2 * DAY)
        Cache().clean_up(amount=2 * B)
        assert f"Removed {image.name} from ironic_instance: {B} bytes" in caplog.text
        assert f"Removed tmpab_cd12x/ from ironic_instance: {B} bytes" in caplog.text

    def test_it_ends_when_the_daemon_stops(self, stage):
        """Before the next orphan, and before the next image."""
        stage.started_s = stage.now_s - DAY
        image = stage.put(stage.add(Cache))
        folder = self.download(stage, 2 * DAY)
        cache = Cache()
        object.__setattr__(cache.bound, "is_stopping", lambda: True)
        assert "stopping" in cache.clean_up(amount=9 * B).skipped
        assert folder.exists()
        assert image.exists()

    @pytest.mark.parametrize("name", [".nfs000000000000a1b2", "tmpab_cd12x"])
    def test_what_is_expected_is_no_alarm(self, stage, name):
        """What NFS keeps of a file that was removed while it was open, and downloads."""
        place = stage.add(Cache)
        stage.put(place, name, idle_s=50 * DAY)
        report = Cache().clean_up(amount=9 * B)
        assert stages.left(place) == [name]
        assert (report.foreign, report.alarms) == (0, ())

    def test_a_cache_is_not_retired(self, stage):
        """Its own directory among the retired ones is an alarm, and not emptied."""
        place = stage.add(Cache)
        image = stage.put(place)
        stage.change(Cache, retired=(str(place),))
        report = Cache().clean_up()
        assert image.exists()
        assert "no retired directory" in report.alarms[0]

    def test_a_retired_directory_is_absolute(self, stage, monkeypatch):
        """Another one would be where the daemon happens to be."""
        stage.add(Cache, retired=("retired",))
        retired = stage.folder / "retired"
        retired.mkdir()
        image = stage.put(retired)
        monkeypatch.chdir(stage.folder)
        assert "has to be absolute" in Cache().clean_up().alarms[0]
        assert image.exists()

    def test_a_directory_that_another_cache_uses_is_not_retired(self, stage):
        """By any of its paths: it is an alarm, and not emptied."""
        used = stage.add(image_cache.TFTPImageCache)
        image = stage.put(used)
        stage.add(Cache, retired=(f"{used.parent}/./{used.name}",))
        report = Cache().clean_up()
        assert image.exists()
        assert "no retired directory" in report.alarms[0]

    def test_an_orphan_in_a_retired_directory_goes(self, stage):
        """A conductor that was killed there comes back for nothing."""
        stage.started_s = stage.now_s - DAY
        retired = stage.add(Cache)
        folder = self.download(stage, 2 * DAY)
        stage.add(Cache, retired=(str(retired),), directory=str(stage.folder))
        Cache().clean_up()
        assert not folder.exists()

    def test_a_retired_directory_that_gives_enough_spares_images(self, stage):
        """It is on the same file system."""
        retired = stage.folder / "retired"
        retired.mkdir()
        image = stage.put(stage.add(Cache, retired=(str(retired),)))
        stage.put(retired)
        assert Cache().clean_up(amount=1).removed == 1
        assert image.exists()

    def test_a_retired_directory_elsewhere_gives_no_room_here(self, stage, shared_memory):
        """It is emptied all the same."""
        image = stage.put(stage.add(Cache, retired=(shared_memory,)))
        stage.put(pathlib.Path(shared_memory))
        assert Cache().clean_up(amount=1).removed == 2
        assert not image.exists()

    def test_a_retired_directory_is_emptied(self, stage):
        """Of what nobody uses, whatever the limits say."""
        retired = stage.folder / "retired"
        retired.mkdir()
        stage.add(Cache, retired=(str(retired), "/nowhere/at/all"))
        stage.put(retired)
        used = stage.put(retired, link=stage.folder / "disk")
        report = Cache().clean_up()
        assert stages.left(retired) == [used.name]
        assert report.removed == 1


class TestNova:
    """Nova's base images."""

    @pytest.fixture
    def base(self, stage):
        """Give ``_base`` of a host of its own, whose nova-compute was started an hour ago."""
        instances = stage.folder / "instances"
        base = instances / "_base"
        base.mkdir(parents=True)
        (instances / "locks").mkdir()
        self.tell_hosts(instances, here=stage.now_s)
        stage.started_s = stage.now_s - HOUR
        stage.add(Nova, directory=str(base))
        return base

    def tell_hosts(self, instances, **hosts):
        """Have these hosts have been here."""
        (instances / "compute_nodes").write_text(json.dumps(hosts))

    def test_leftovers_go(self, stage, base):
        """Parts and conversions of yesterday."""
        for name in (f"{BASE}.part", f"{BASE}.converted", "swap_512.part"):
            stage.put(base, name, idle_s=2 * DAY)
        assert Nova().clean_up().removed == 3
        assert stages.left(base) == []

    @pytest.mark.parametrize(
        "name", [BASE, f"{BASE}_20", f"{BASE}_sm", "swap_512", "ephemeral_20_abcdefg"]
    )
    def test_base_images_never_go(self, stage, base, name):
        """Not even for want of room; it is said how Nova removes them."""
        stage.put(base, name, idle_s=59 * DAY)
        report = Nova().clean_up(amount=10**12)
        assert stages.left(base) == [name]
        assert "remove_unused_original_minimum_age_seconds" in report.advice[0]
        assert report.alarms == ()

    def test_what_is_newer_than_a_day_stays(self, stage, base):
        """A large image takes long."""
        stage.put(base, f"{BASE}.part", idle_s=DAY - 60)
        assert Nova().clean_up().removed == 0

    def test_what_is_newer_than_nova_compute_stays(self, stage, base):
        """It may be at work on it."""
        stage.started_s = stage.now_s - 9 * DAY
        stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        assert Nova().clean_up().removed == 0

    def test_where_no_nova_compute_is_seen_nothing_goes(self, stage, base):
        """And that is said."""
        stage.started_s = None
        stage.bind()
        stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        report = Nova().clean_up()
        assert report.removed == 0
        assert "nova-compute is not seen" in report.advice[0]

    def test_where_others_share_the_instances_nothing_goes(self, stage, base):
        """Another host may be writing it."""
        self.tell_hosts(base.parent, here=stage.now_s, there=stage.now_s - HOUR)
        stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        report = Nova().clean_up()
        assert report.removed == 0
        assert "2 hosts" in report.advice[0]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"here": "x"}'])
    def test_where_that_cannot_be_known_nothing_goes(self, stage, base, text):
        """A file that is broken or empty tells nothing."""
        (base.parent / "compute_nodes").write_text(text)
        stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        assert Nova().clean_up().removed == 0

    def test_while_nova_holds_its_lock_it_stays(self, stage, base):
        """The lock is Nova's own file, as oslo.concurrency locks it."""
        stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        # Another process, since these locks are a process's.
        words = [sys.executable, "-c", NOVA, BASE, str(base.parent / "locks")]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as nova:
            nova.stdout.readline()
            report = Nova().clean_up()
            nova.communicate(b"\n")
        assert stages.left(base) == [f"{BASE}.part"]
        assert "Nova holds its lock" in report.alarms[0]

    def test_an_open_leftover_stays_even_without_the_option(self, stage, base):
        """For Nova's the kernel is always asked."""
        stage.change(Nova, has_lease_probe=False)
        path = stage.put(base, f"{BASE}.part", idle_s=2 * DAY)
        with path.open("rb"):
            assert Nova().clean_up().opened == 1


class TestCinder:
    """Cinder's conversions."""

    @pytest.fixture
    def place(self, stage):
        """Give the directory, of a cinder-volume that was started two hours ago."""
        stage.started_s = stage.now_s - 2 * HOUR
        return stage.add(Cinder)

    def test_what_is_older_than_the_service_goes(self, stage, place):
        """Whatever backend's it is."""
        stage.put(place, "tmpab12cd34node@lvm-1", idle_s=3 * HOUR)
        stage.put(place, f"image_download_{uuid.uuid4()}_abcdefgh", idle_s=3 * HOUR)
        young = stage.put(place, "tmpab12cd35node@lvm-1", idle_s=1.5 * HOUR)
        Cinder().clean_up()
        assert stages.left(place) == [young.name]

    def test_after_a_jump_of_the_clock_what_it_made_stays(self, stage, place):
        """The service seems to be younger than it is."""
        Cinder().clean_up()
        made = stage.put(place, "tmpab12cd35node@lvm-1", idle_s=1.5 * HOUR)
        stage.now_s += 30 * DAY
        stage.started_s += 30 * DAY
        stage.bind()
        Cinder().clean_up()
        assert made.exists()

    def test_what_is_open_stays(self, stage, place):
        """A conversion may outlive a service."""
        path = stage.put(place, "tmpab12cd34node@lvm-1", idle_s=3 * HOUR)
        with path.open("rb"):
            assert Cinder().clean_up().opened == 1
        assert path.exists()

    def test_where_no_service_is_seen_nothing_goes(self, stage, place):
        """And that is said."""
        stage.started_s = None
        stage.bind()
        stage.put(place, "tmpab12cd34node@lvm-1", idle_s=9 * DAY)
        report = Cinder().clean_up()
        assert report.removed == 0
        assert "cinder-volume is not seen" in report.advice[0]

    def test_directories_are_for_people_to_look_at(self, place):
        """Cinder never removes them, and neither do we."""
        (place / "tmpab12cd34").mkdir()
        assert "1 directories" in Cinder().clean_up().advice[0]
