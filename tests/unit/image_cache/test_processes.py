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

"""Since when a service runs."""

import shutil
import subprocess
import time

import pytest

from cleanupd.image_cache import processes


class TestProcesses:
    """When services were started."""

    def make(self, proc, pid, words, ticks):
        """Have there be a process."""
        folder = proc / str(pid)
        folder.mkdir(parents=True)
        (folder / "cmdline").write_bytes(b"\0".join(words) + b"\0")
        fields = ["0"] * 40
        fields[19] = str(ticks)
        (folder / "stat").write_text(f"{pid} (a ) b) {' '.join(fields)}")

    @pytest.mark.parametrize(
        "words",
        [
            [b"nova-compute"],
            [b"/usr/bin/python3", b"/usr/bin/nova-compute", b"--config-file", b"x"],
            [b"/opt/nova/bin/python3.13", b"-I", b"/opt/nova/bin/nova-compute"],
            [b"/usr/bin/nova-compute: AgentService worker(0)"],
            [b"nova-compute: master process [/usr/bin/nova-compute --config-file /etc/nova.conf]"],
            [b"nova-compute: worker"],
        ],
    )
    def test_the_oldest_counts(self, tmp_path, words):
        """Of all processes of the program, however they are started."""
        self.make(tmp_path, 7, words, 500)
        self.make(tmp_path, 8, words, 90000)
        self.make(tmp_path, 9, [b"bash"], 1)
        both = processes.started_at(["nova-compute"], tmp_path)
        (tmp_path / "7" / "cmdline").write_bytes(b"other")
        later = processes.started_at(["nova-compute"], tmp_path)
        assert later - both == pytest.approx(895, abs=1)

    @pytest.mark.parametrize(
        "words",
        [
            [b"vim", b"nova-compute.log"],
            [b"journalctl", b"-u", b"nova-compute"],
            [b"systemctl", b"restart", b"nova-compute"],
            [b"python3"],
            [b""],
        ],
    )
    def test_none_that_is_seen_is_none(self, tmp_path, words):
        """Which proves nothing; who only talks of a program is none."""
        self.make(tmp_path, 9, words, 1)
        assert processes.started_at(["nova-compute"], tmp_path) is None

    def test_one_that_cannot_be_read_is_none(self, tmp_path):
        """It may be the oldest."""
        self.make(tmp_path, 7, [b"nova-compute"], 500)
        (tmp_path / "7" / "stat").unlink()
        assert processes.started_at(["nova-compute"], tmp_path) is None

    def test_a_process_was_started_lately(self, tmp_path):
        """The real /proc is understood."""
        program = tmp_path / "cleanupd-test-sleep"
        program.symlink_to(shutil.which("sleep"))
        before = time.time()
        with subprocess.Popen([program, "60"]) as process:
            # The kernel shows the words of a process a moment after it began.
            while (started := processes.started_at([program.name])) is None:
                assert time.time() < before + 30
            process.kill()
        assert before - 60 < started <= time.time()
