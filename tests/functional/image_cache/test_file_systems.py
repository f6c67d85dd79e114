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

"""Caches on tmpfs, ext4, XFS and btrfs, filled to the last byte and the last inode."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.image_cache import directories
from tests.functional.image_cache import disks
from tests.unit.image_cache import stage as stages

pytestmark = pytest.mark.functional

Cache = image_cache.InstanceImageCache
TFTP = image_cache.TFTPImageCache
B = stages.BLOCK
MIB = 1 << 20
HOUR = stages.HOUR


def add(stage, cache, disk, **options):
    """Have a cache be on a disk."""
    place = disk / cache.NAME
    place.mkdir()
    return stage.add(cache, **{"directory": str(place)} | options) and place


def put(stage, place, count, mib=1):
    """Put images into a cache, the first of which is the oldest, and return them."""
    paths = []
    for number in range(count):
        path = stage.put(place, blocks=mib * MIB // B)
        paths.append(path)
        stage.age(path, (50 - number) * HOUR)
    os.sync()
    return paths


def test_a_full_disk_is_cleaned(stage, disk):
    """Not a byte is free: as much goes as is asked for, the oldest first, and no file is made."""
    place = add(stage, Cache, disk)
    paths = put(stage, place, 8)
    disks.fill(disk)
    before = {path.name for path in disk.rglob("*")}
    image_cache.clean_up_caches(place, [("image", 2 * MIB)])
    assert disks.free(disk)[0] > 2 * MIB
    gone = [path.exists() for path in paths]
    assert gone == sorted(gone)
    assert {path.name for path in disk.rglob("*")} <= before


@pytest.mark.parametrize("kind", ["ext4"])
def test_a_reserve_that_root_has_taken_is_given_back_first(stage, disk):
    """For as long no room is told of: files go on, and no other cache's, until there is."""
    place, other = add(stage, Cache, disk), add(stage, TFTP, disk)
    for number in range(2000 // 8):
        stage.put(place, blocks=8, idle_s=(900 - number) * HOUR)
    put(stage, other, 1)
    disks.fill(disk)
    image_cache.clean_up_caches(place, [("image", 1)])
    assert disks.free(disk)[0] > 1
    assert len(list(other.iterdir())) == 1


def test_enough_is_enough(stage, disk):
    """Where room comes late, as on XFS and btrfs, no more goes for it, and no other cache's."""
    place, other = add(stage, Cache, disk), add(stage, TFTP, disk)
    put(stage, place, 8)
    put(stage, other, 1)
    available = disks.free(disk)[0]
    image_cache.clean_up_caches(place, [("image", available + 2 * MIB)])
    assert disks.free(disk)[0] > available + 2 * MIB
    assert len(list(place.iterdir())) >= 4
    assert len(list(other.iterdir())) == 1


def test_a_full_disk_that_cannot_give_enough_is_told(stage, disk):
    """All was tried: then the error has the figures."""
    place = add(stage, Cache, disk)
    put(stage, place, 2)
    disks.fill(disk)
    with pytest.raises(exceptions.InsufficientDiskSpace) as caught:
        image_cache.clean_up_caches(place, [("image", 10**12)])
    assert list(place.iterdir()) == []
    assert caught.value.required == 10**12
    assert caught.value.free == disks.free(disk)[0]


@pytest.mark.parametrize(
    ("kind", "images", "most"), [("tmpfs", 40, 10), ("ext4", 40, 10), ("xfs", 600, 590)]
)
def test_without_inodes_files_go_by_count(stage, disk, images, most):
    """There is room for bytes, and none for a file: XFS has gone over its limit by hundreds."""
    place = add(stage, Cache, disk)
    for number in range(images):
        stage.put(place, idle_s=(900 - number) * HOUR)
    disks.fill_inodes(disk)
    assert disks.free(disk)[1] == 0
    image_cache.clean_up_caches(place, [("image", B)])
    assert images - most <= len(list(place.iterdir())) <= images - 4
    assert disks.free(disk)[1] > 3


def test_another_file_system_is_left_alone(stage, disk, tmp_path):
    """A cache on another device gives no room here."""
    with disks.mounted("tmpfs", tmp_path, "other") as elsewhere:
        place, other = add(stage, Cache, disk), add(stage, TFTP, elsewhere)
        put(stage, place, 1)
        put(stage, other, 1)
        with pytest.raises(exceptions.InsufficientDiskSpace):
            image_cache.clean_up_caches(place, [("image", 10**12)])
        assert len(list(other.iterdir())) == 1


@pytest.mark.parametrize("kind", ["btrfs"])
def test_subvolumes_share_their_room(stage, disk):
    """Another subvolume has another device, and is cleaned for this one's sake."""
    disks.run("btrfs", "subvolume", "create", disk / "volume")
    place, other = add(stage, Cache, disk), add(stage, TFTP, disk / "volume")
    assert place.stat().st_dev != other.stat().st_dev
    put(stage, other, 1)
    with pytest.raises(exceptions.InsufficientDiskSpace):
        image_cache.clean_up_caches(place, [("image", 10**12)])
    assert list(other.iterdir()) == []


def test_an_open_file_is_known_on_each(stage, disk):
    """The kernel grants a lease only on what nobody has open."""
    place = add(stage, Cache, disk)
    path, _ = put(stage, place, 2)
    with path.open("rb"):
        report = Cache().clean_up(amount=MIB)
    assert (report.opened, report.removed) == (1, 1)
    assert path.exists()


def test_sparse_images_count_what_they_take(stage, disk):
    """Five of ten that take a block each, for five blocks."""
    place = add(stage, Cache, disk)
    for number in range(10):
        path = stage.put(place, blocks=1)
        os.truncate(path, 64 * MIB)
        stage.age(path, (50 - number) * HOUR)
    os.sync()
    sizes = [path.stat().st_blocks * 512 for path in place.iterdir()]
    report = Cache().clean_up(amount=5 * max(sizes))
    assert report.removed == 5


def test_its_type_is_known(disk, kind):
    """By the kernel's own list of mounts."""
    with directories.opened(str(disk)) as directory:
        assert directory.file_system()[0] == kind
        assert directory.is_local()


@pytest.mark.parametrize("option", ["noatime", "relatime", "strictatime"])
def test_a_link_that_goes_is_a_use(stage, disk, option, tmp_path):
    """Whatever the mount says of access times: the change time moves when a link goes."""
    disks.run("mount", "-o", f"remount,{option}", disk)
    place = add(stage, Cache, disk)
    path = stage.put(place)
    os.link(path, disk / "link")
    os.utime(path, (0, 0))
    (disk / "link").unlink()
    stage.now_s -= stages.AHEAD  # the change time is the real one
    stage.clock = type(stage.clock)(wall=lambda: stage.now_s)
    stage.bind()
    assert Cache().clean_up(amount=1).young == 1
    assert path.exists()


@pytest.mark.parametrize("kind", ["ext4"])
@pytest.mark.parametrize(
    ("option", "links", "is_told"),
    [
        ("noatime", 0, True),
        ("noatime", 1, False),
        ("relatime", 0, False),
    ],
)
def test_copies_of_images_leave_no_trace_on_noatime(stage, disk, option, links, is_told):
    """Where nothing is linked, images may be copied: that their use is not seen is told."""
    disks.run("mount", "-o", f"remount,{option}", disk)
    place = add(stage, Cache, disk)
    stage.put(place)
    for number in range(links):
        stage.put(place, link=disk / str(number))
    advice = Cache().clean_up(is_dry_run=True).advice
    assert bool(advice) is is_told
    assert all("noatime" in text for text in advice)


@pytest.mark.parametrize("kind", ["ext4"])
class TestMounts:
    """A mount below, on top of, or instead of a cache."""

    def test_a_mounted_file_is_left_alone(self, stage, disk, tmp_path):
        """It has another device than its directory."""
        place = add(stage, Cache, disk)
        target = stage.put(place)
        source = stage.put(tmp_path, "source", idle_s=90 * HOUR)
        disks.run("mount", "--bind", source, target)
        try:
            report = Cache().clean_up(amount=MIB)
        finally:
            disks.run("umount", target)
        assert report.removed == 0
        assert source.exists()

    def test_an_unmounted_disk_is_noticed(self, stage, kind, disk, tmp_path):
        """What is below its mount point is not cleaned in its place."""
        with disks.mounted("tmpfs", tmp_path, "second") as second:
            place = add(stage, Cache, second, mount_point=str(second))
            stage.put(place)
            assert Cache().clean_up(amount=1).removed == 1
        below = second / Cache.NAME
        below.mkdir()
        kept = stage.put(below)
        assert "nothing is mounted" in Cache().clean_up(amount=1).skipped
        assert kept.exists()


@pytest.mark.parametrize("kind", ["ext4"])
def test_an_immutable_file_is_counted_and_the_rest_goes(stage, disk):
    """It gives no room, so another goes in its place."""
    place = add(stage, Cache, disk)
    first, second, _ = put(stage, place, 3)
    disks.run("chattr", "+i", first)
    try:
        report = Cache().clean_up(amount=MIB)
    finally:
        disks.run("chattr", "-i", first)
    assert first.exists()
    assert not second.exists()
    assert (report.errors, report.freed) == ({"EPERM": 1}, MIB)


AS_ANOTHER = """\
import ctypes, os, sys
from cleanupd import image_cache
from cleanupd.image_cache import clocks
import time
libc = ctypes.CDLL(None)
libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
os.setgroups([int(sys.argv[3])] if sys.argv[3] != "-" else [])
os.setgid(65534)
os.setuid(int(sys.argv[2]))
kept = 1 << 28 if sys.argv[4] == "CAP_LEASE" else 0
capset = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
assert not libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), capset)
image_cache.bind(image_cache.Binding(
    limits={"ironic_instance": image_cache.Limits(
        directory=sys.argv[1], quiet_s=0.01, has_lease_probe=sys.argv[4] != "no probe")},
    is_enforcing=True,
    clock=clocks.Clock(wall=lambda: time.time() + 7200),
    started_at=lambda _: time.time(),
))
report = image_cache.InstanceImageCache().clean_up(amount=1 << 20)
print(report.removed, dict(report.errors), report.skipped, *report.advice)
"""
OWNER, OTHER, SHARED = "4001", "4002", "4100"


@pytest.mark.skipif(os.geteuid() != 0, reason=f"becomes other users: {disks.NEEDS}")
class TestPrivileges:
    """cleanupd runs as the service's user, or in a group with it; never does it need root."""

    @pytest.fixture
    def cache(self, tmp_path):
        """Give a cache of a user, with an image."""
        everybodys = pathlib.Path(tempfile.gettempdir())
        for folder in (tmp_path, *tmp_path.parents):
            if everybodys in folder.parents:
                folder.chmod(0o755)
        place = tmp_path / "cache"
        place.mkdir()
        image = place / "3b241101-e2bb-4255-8caf-4136c566a962"
        image.write_bytes(b"x" * B)
        for path in (place, image):
            os.chown(path, int(OWNER), int(SHARED))
        return place

    def clean(self, place, user, group="-", probe="probe"):
        """Clean the cache as a user and return what it says."""
        words = [sys.executable, "-c", AS_ANOTHER, place, user, group, probe]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def test_as_the_services_user(self, cache):
        """Everything works."""
        cache.chmod(0o700)
        assert self.clean(cache, OWNER) == "1 {} None"

    def test_in_a_group_with_it(self, cache):
        """Without a lease, which takes the owner, if the operator says so."""
        cache.chmod(0o770)
        assert self.clean(cache, OTHER, SHARED, "no probe") == "1 {} None"

    def test_in_a_group_with_the_capability(self, cache):
        """CAP_LEASE alone, and reading, let the kernel tell: what is open stays."""
        cache.chmod(0o770)
        (image,) = cache.iterdir()
        with image.open("rb"):
            assert self.clean(cache, OTHER, SHARED, "CAP_LEASE") == "0 {} None"
        assert self.clean(cache, OTHER, SHARED, "CAP_LEASE") == "1 {} None"

    @pytest.mark.parametrize(
        ("user", "removed", "advice"), [(OWNER, 2, ""), (OTHER, 1, "run cleanupd as the service")]
    )
    def test_a_download_of_the_service_is_its_users(self, cache, user, removed, advice):
        """A conductor makes its directory for itself: a member of the group is told so."""
        cache.chmod(0o770)
        folder = cache / "tmpab_cd12x"
        folder.mkdir(mode=0o700)
        os.chown(folder, int(OWNER), int(SHARED))
        said = self.clean(cache, user, SHARED, "no probe")
        assert said.startswith(f"{removed} {{}} None")
        assert advice in said

    def test_in_a_group_the_probe_keeps_what_it_cannot_tell(self, cache):
        """Whether it is open is not known then."""
        cache.chmod(0o770)
        assert self.clean(cache, OTHER, SHARED) == "0 {'ENOLEASE': 1} None"

    def test_a_directory_that_cannot_be_read(self, cache):
        """It is skipped, with the reason."""
        cache.chmod(0o700)
        assert "Permission denied" in self.clean(cache, OTHER)

    def test_a_directory_that_cannot_be_written(self, cache):
        """Nothing goes, and the errors are counted."""
        cache.chmod(0o755)
        assert self.clean(cache, OTHER, probe="no probe") == "0 {'EACCES': 1} None"
