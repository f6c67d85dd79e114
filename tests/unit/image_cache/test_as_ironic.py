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

"""The cases of Ironic's own tests that are about cleaning, here for cleanupd.

Each is named after the one in ``ironic/tests/unit/drivers/modules/test_image_cache.py``
of Ironic 39.  Sizes are whole blocks, because what counts here is what a file
takes on disk; files are idle for longer than an hour, because nothing younger
goes.
"""

import os
import shutil
import uuid

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.image_cache import registry
from tests.unit.image_cache import stage as stages

Cache = image_cache.InstanceImageCache
B = stages.BLOCK
HOUR = stages.HOUR


def test_clean_up_old_deleted(stage):
    """What is older than the limit goes, what is newer stays."""
    place = stage.add(Cache, max_age_s=10 * HOUR)
    stage.put(place, idle_s=11 * HOUR)
    newer = stage.put(place, idle_s=9 * HOUR)
    Cache().clean_up()
    assert stages.left(place) == [newer.name]


def test_clean_up_old_with_amount(stage):
    """Where an amount is asked for, no more goes than that takes, not even what is too old."""
    place = stage.add(Cache, max_age_s=10 * HOUR, max_size=1)
    for _ in range(2):
        stage.put(place, idle_s=11 * HOUR)
    Cache().clean_up(amount=1)
    assert len(stages.left(place)) == 1


def test_clean_up_files_with_links_untouched(stage, tmp_path):
    """A file with a second link stays, however old it is."""
    place = stage.add(Cache, max_age_s=10 * HOUR)
    used = stage.put(place, idle_s=30 * HOUR, link=tmp_path / "disk")
    Cache().clean_up()
    assert stages.left(place) == [used.name]


def test_clean_up_ensure_cache_size(stage):
    """Of six files of three blocks, the three oldest go to keep within ten."""
    place = stage.add(Cache, max_size=10 * B)
    files = [stage.put(place, blocks=3, idle_s=(9 - i) * HOUR) for i in range(6)]
    Cache().clean_up()
    assert stages.left(place) == sorted(path.name for path in files[3:])


def test_clean_up_ensure_cache_size_with_amount(stage):
    """Fifteen blocks are five files, which is more than the size alone asks for."""
    place = stage.add(Cache, max_size=10 * B)
    files = [stage.put(place, blocks=3, idle_s=(9 - i) * HOUR) for i in range(6)]
    Cache().clean_up(amount=15 * B)
    assert stages.left(place) == [files[5].name]


def test_clean_up_cache_still_large(stage, tmp_path):
    """A cache that is too large and all in use is no error."""
    place = stage.add(Cache, max_size=B)
    for name in "ab":
        stage.put(place, blocks=3, link=tmp_path / name)
    report = Cache().clean_up()
    assert (report.removed, report.in_use) == (0, 2)


def test_temp_images_not_cleaned(stage):
    """A download under way, in a directory of its own, is not touched."""
    place = stage.add(Cache, max_size=1)
    download = place / "tmpabcdefgh"
    download.mkdir()
    part = stage.put(download, "image.part", idle_s=90 * HOUR)
    Cache().clean_up(amount=100 * B)
    assert part.exists()


def test_temp_dir_exception(stage):
    """After a fetch that failed, and took its directory away, a pass finds nothing to do."""
    place = stage.add(Cache)
    download = place / "tmpabcdefgh"
    download.mkdir()
    shutil.rmtree(download)
    report = Cache().clean_up(amount=B)
    assert (report.seen, report.removed, report.alarms) == (0, 0, ())


def test_clean_up_amount_not_satisfied(stage):
    """An amount that cannot be had is no error of the cache's."""
    place = stage.add(Cache)
    stage.put(place)
    report = Cache().clean_up(amount=15 * B)
    assert report.removed == 1


def test_cleanup_ordering(monkeypatch):
    """The list is in non-increasing order of priority, ties in order of registration."""
    stages.only(monkeypatch)
    caches = []
    for priority in (10000, 20000, 10000, 20000):
        cache = type(f"Cache{len(caches)}", (image_cache.ImageCache,), {})
        caches.append(image_cache.cleanup(priority=priority)(cache))
    first, second, third, fourth = caches
    assert registry.cache_cleanup_list == [
        (20000, second),
        (20000, fourth),
        (10000, first),
        (10000, third),
    ]


class Taps(image_cache.ImageCache):
    """A cache that notes what it is asked for."""

    asked = None

    def clean_up(self, amount=None, **_):
        """Note the amount."""
        self.asked.append((type(self).__name__, amount))


@pytest.fixture
def pair(stage, monkeypatch):
    """Give two registered caches that note what they are asked for, in that order."""
    asked = []
    first = type("First", (Taps,), {"asked": asked})
    second = type("Second", (Taps,), {"asked": asked})
    stages.only(monkeypatch, (50, first), (20, second))
    stage.add(first)
    stage.add(second)
    return asked


def measure(stage, *free):
    """Have each measurement of the room find the next figure."""
    figures = list(free)
    stage.room = lambda: stages.room(figures.pop(0) if len(figures) > 1 else figures[0])
    stage.bind()


def test_no_clean_up(stage, pair):
    """Where there is room already, it is measured once and nothing is cleaned."""
    measure(stage, 1024)
    image_cache.clean_up_caches(stage.folder, [("image", 10)])
    assert pair == []
    assert len(stage.measured) == 1


def test_one_clean_up(stage, pair):
    """The first is asked for what is missing, and is enough."""
    measure(stage, 1, 1024)
    image_cache.clean_up_caches(stage.folder, [("image", 10)])
    assert pair == [("First", 10)]


def test_clean_up_another_fs(stage, pair, shared_memory):
    """A cache on another file system is left alone."""
    measure(stage, 1, 1024)
    stage.limits["First"] = msgspec.structs.replace(
        stage.limits["First"], directory=str(shared_memory)
    )
    stage.bind()
    image_cache.clean_up_caches(stage.folder, [("image", 10)])
    assert pair == [("Second", 10)]


def test_both_clean_up(stage, pair):
    """The second is asked for what is missing after the first."""
    measure(stage, 1, 4, 1024)
    image_cache.clean_up_caches(stage.folder, [("image", 10)])
    assert pair == [("First", 10), ("Second", 7)]


def test_clean_up_fail(stage, pair):
    """Only when all were tried in vain is it an error, which has the figures."""
    measure(stage, 1)
    with pytest.raises(exceptions.InsufficientDiskSpace) as caught:
        image_cache.clean_up_caches(stage.folder, [("a", 6), ("b", 4)])
    assert [name for name, _ in pair] == ["First", "Second"]
    assert (caught.value.required, caught.value.free) == (10, 1)


def test__download_image(stage, tmp_path):
    """Between its two links an image has two names or is below a directory: it never goes."""
    place = stage.add(Cache, max_size=1)
    download = place / "tmpabcdefgh"
    download.mkdir()
    part = stage.put(download, "image", idle_s=90 * HOUR)
    master, disk = place / str(uuid.uuid4()), tmp_path / "disk"
    for step in (lambda: os.link(part, master), lambda: os.link(master, disk)):
        step()
        stage.age(master, 90 * HOUR)
        Cache().clean_up(amount=100 * B)
        assert master.exists()
    shutil.rmtree(download)
    Cache().clean_up(amount=100 * B)
    assert master.samefile(disk)


def test__delete_dest_path_if_stale_no_dest(stage):
    """A master that nobody has linked may go."""
    place = stage.add(Cache)
    stage.put(place)
    Cache().clean_up(amount=1)
    assert stages.left(place) == []


def test__delete_dest_path_if_stale_no_master(stage, tmp_path):
    """A link whose master is gone is nothing of ours."""
    place = stage.add(Cache)
    master = stage.put(place, link=tmp_path / "disk")
    master.unlink()
    Cache().clean_up(amount=1)
    assert (tmp_path / "disk").exists()


def test__delete_dest_path_if_stale_out_of_date(stage, tmp_path):
    """A destination of another inode keeps no master, and stays itself."""
    place = stage.add(Cache)
    stage.put(place)
    (tmp_path / "disk").write_bytes(b"older")
    Cache().clean_up(amount=1)
    assert stages.left(place) == []
    assert (tmp_path / "disk").read_bytes() == b"older"


def test__delete_dest_path_if_stale_up_to_date(stage, tmp_path):
    """A destination of the same inode keeps its master."""
    place = stage.add(Cache)
    master = stage.put(place, link=tmp_path / "disk")
    Cache().clean_up(amount=1)
    assert stages.left(place) == [master.name]
