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

"""What a pass asks of the kernel: one look for each file, and little for each that goes."""

import shutil
import subprocess
import sys
import uuid

import pytest

from benchmarks import image_cache_pass

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing: apt install strace"),
]

FILES = 1000
VICTIMS = 500
#: Opening, locking, measuring, and a getdents64 for some hundred entries.
BESIDES = 60


def trace(folder, mode, guarded):
    """Return the system calls of a pass over a directory, half of whose files are linked."""
    master, links = folder / "master", folder / "links"
    master.mkdir()
    links.mkdir()
    for number in range(FILES):
        path = master / str(uuid.uuid4())
        path.touch()
        if number % 2:
            (links / path.name).hardlink_to(path)
    words = [sys.executable, "-m", "benchmarks.image_cache_pass", str(master)]
    file = folder / "trace"
    subprocess.run(
        ["strace", "-o", str(file), *words, mode, "0", guarded], check=True, capture_output=True
    )
    lines = file.read_text(errors="replace").splitlines()
    first, last = (
        next(number for number, line in enumerate(lines) if mark in line)
        for mark in image_cache_pass.MARKS
    )
    assert len(list(master.iterdir())) == FILES - (VICTIMS if mode == "age" else 0)
    return lines[first + 1 : last]


@pytest.mark.parametrize(
    ("mode", "guarded", "most"),
    [
        ("scan", "plain", FILES),
        ("age", "plain", FILES + 2 * VICTIMS),
        ("age", "guard", FILES + 3 * VICTIMS),
        ("age", "lease", FILES + 6 * VICTIMS),
    ],
)
def test_a_pass_asks_little(tmp_path, mode, guarded, most):
    """N + 2V, with the guard N + 3V, with the lease three more for each victim."""
    calls = trace(tmp_path, mode, guarded)
    assert most <= len(calls) <= most + BESIDES
    assert not [call for call in calls if "O_CREAT" in call and "/run/" not in call]
