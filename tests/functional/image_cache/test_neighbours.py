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

"""Other processes at the same files: a second cleanupd, and who opens what is about to go."""

import subprocess
import sys

import pytest

from tests.functional.image_cache import disks
from tests.unit.image_cache import stage as stages

pytestmark = pytest.mark.functional

MIB = 1 << 20
FILES = 12
SWEEPER = """\
import sys, time
from cleanupd import image_cache
from cleanupd.image_cache import clocks
image_cache.bind(image_cache.Binding(
    limits={"ironic_instance": image_cache.Limits(directory=sys.argv[1], quiet_s=0.01)},
    is_enforcing=True,
    clock=clocks.Clock(wall=lambda: time.time() + 7200),
))
print("ready", flush=True)
input()
found = image_cache.clean_up_caches(sys.argv[1], [("image", int(sys.argv[2]))])
print(sum(report.removed for report in found), sum(len(report.errors) for report in found))
"""
HOLDER = """\
import os, subprocess, sys
from cleanupd import image_cache
from cleanupd.image_cache import directories, guards
image_cache.bind(image_cache.Binding())
opener = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)"
with directories.opened(sys.argv[1]) as directory:
    with guards.held(directory, "file") as hold:
        path = os.path.join(sys.argv[1], "file")
        command = [sys.executable, "-c", opener, path]
        ended = subprocess.run(command, stderr=subprocess.PIPE)
        print(hold.name, b"BlockingIOError" in ended.stderr)
"""


def test_two_sweepers_make_room_once(disk):
    """Both want the same room at the same time: no more goes than one alone would remove."""
    place = disk / "master"
    place.mkdir()
    stage = stages.Stage(disk)
    for _ in range(FILES):
        stage.put(place, blocks=MIB // stages.BLOCK, idle_s=stages.AHEAD + stages.HOUR)
    disks.run("sync", "-f", place)
    wanted = disks.free(disk)[0] + 3 * MIB
    words = [sys.executable, "-c", SWEEPER, str(place), str(wanted)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as first, subprocess.Popen(words, **pipes) as second:
        for sweeper in (first, second):
            assert sweeper.stdout.readline() == "ready\n"
        for sweeper in (first, second):
            sweeper.stdin.write("go\n")
            sweeper.stdin.flush()
        told = [sweeper.communicate()[0].split() for sweeper in (first, second)]
    assert [errors for _, errors in told] == ["0", "0"]
    removed = sum(int(count) for count, _ in told)
    assert removed == FILES - len(list(place.iterdir()))
    assert 3 <= removed <= 5
    assert disks.free(disk)[0] > wanted


def test_who_opens_a_held_file_does_not_end_us(tmp_path):
    """The kernel sends SIGIO to who holds the lease, which by default ends a process."""
    (tmp_path / "file").touch()
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "FREE True\n"), ended.stderr
