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

"""Small file systems of their own, mounted for a test: takes root."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest

#: Type, what makes it, its package, and the smallest size that it takes.
MAKERS = {
    "tmpfs": None,
    "ext4": (["mkfs.ext4", "-q", "-F", "-N", "400"], "e2fsprogs", 64),
    "xfs": (["mkfs.xfs", "-q", "-f", "-i", "maxpct=1"], "xfsprogs", 320),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], "btrfs-progs", 192),
}
NEEDS = "takes root, loop devices and mkfs: apt install e2fsprogs xfsprogs btrfs-progs"


def missing(kind):
    """Return why there can be no file system of a kind here, None where there can."""
    if os.geteuid():
        return f"{kind}: no root; {NEEDS}"
    maker = MAKERS[kind]
    if maker is None:
        return None
    if not shutil.which(maker[0][0]):
        return f"{maker[0][0]} is missing: apt install {maker[1]}"
    if not pathlib.Path("/dev/loop-control").exists():
        return f"{kind}: no loop devices; {NEEDS}"
    return None


@contextlib.contextmanager
def mounted(kind, folder, name="disk"):
    """Give the folder in which a fresh file system is mounted; it is gone afterwards."""
    if reason := missing(kind):
        pytest.skip(reason)
    place = folder / name
    place.mkdir()
    maker = MAKERS[kind]
    if maker is None:
        mount("-t", "tmpfs", "-o", "size=16m,nr_inodes=400", "none", place)
    else:
        image = folder / f"{name}.img"
        with image.open("wb") as file:
            file.truncate(maker[2] << 20)
        run(*maker[0], image)
        mount("-o", "loop", image, place)
    try:
        yield place
    finally:
        run("umount", place)


def mount(*words):
    """Mount something; a machine that does not let even root do it has no such test."""
    try:
        run("mount", *words)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{error.stderr.decode().strip()}: {NEEDS}")


def run(*words):
    """Run a command, which has to end well."""
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def free(place):
    """Return how many bytes are free for whoever has no privileges, and how many inodes."""
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else None


def fill(place, name="filler"):
    """Fill the disk to the last byte that root gets."""
    with (place / name).open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
        with contextlib.suppress(OSError):
            os.fsync(file.fileno())


def fill_inodes(place):
    """Make empty files until there is no inode left."""
    folder = place / "empty"
    folder.mkdir()
    with contextlib.suppress(OSError):
        for number in range(100_000):
            (folder / str(number)).touch()
