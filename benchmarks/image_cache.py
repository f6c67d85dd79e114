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

"""Keeping a cache of images within its limits: cleanupd, Ironic's own clean_up, and a floor in C.

Directories of 1000 to 1 000 000 files, half of them linked, are passed over three times: with
nothing to do (scan), with all that is not linked too old (age), and for the room of a quarter of
the files (room). Measured is the CPU of a pass alone, without the start of its process; the floor
is the least that can be asked of the kernel: getdents64, a statx for each entry, an unlinkat for
each victim. System calls are counted by strace, memory is the peak of the process.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from benchmarks import image_cache_pass
from benchmarks import peers
from benchmarks import report

IRONIC = peers.Peer(("ironic==39.0.0",))
FLOOR = "floor in C"
HERE = pathlib.Path(__file__).resolve().parent
#: How often each pass is measured, by the number of files; the median counts.
TIMES = {1000: 9, 10_000: 7, 100_000: 5, 1_000_000: 1}
QUICK_TIMES = 3
TRACED = 10_000
MODES = ("scan", "age", "room")
#: What a pass may take besides: opening, locking, measuring, and a getdents64 for 500 entries.
MEGABYTE = 1000


class Ground:
    """A directory that can be filled again, and those who pass over it."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Have the floor compiled and Ironic installed; raises Unprepared."""
        self.master = folder / "master"
        self.links = folder / "links"
        self.floor = folder / "floor"
        self.master.mkdir()
        self.links.mkdir()
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise report.Unprepared("no C compiler: apt install gcc libc6-dev")
        source = HERE / "image_cache_floor.c"
        run([compiler, "-O2", "-o", str(self.floor), str(source)])
        self.ironic = str(IRONIC.python())

    def fill(self, count: int) -> None:
        """Have there be so many files again."""
        run([str(self.floor), "fill", str(self.master), str(self.links), str(count)])

    def pass_over(self, who: str, mode: str, count: int, guarded: str = "plain") -> list[int]:
        """Have somebody pass over the full directory; return what it prints."""
        self.fill(count)
        victims = {"scan": 0, "age": count // 2, "room": count // 4}[mode]
        words = {
            "floor": [str(self.floor), "sweep", str(self.master), str(victims)],
            "ironic": [
                self.ironic,
                "-W",
                "ignore",
                str(HERE / "image_cache_peer.py"),
                str(self.master),
                mode,
                str(victims),
            ],
            "cleanupd": self.ours(mode, victims, guarded),
        }
        return [int(word) for word in run(words[who]).split()]

    def ours(self, mode: str, victims: int, guarded: str) -> list[str]:
        """Return the command of cleanupd's pass."""
        module = "benchmarks.image_cache_pass"
        return [sys.executable, "-m", module, str(self.master), mode, str(victims), guarded]

    def count_calls(self, mode: str, guarded: str) -> int:
        """Return how many system calls a pass of ours makes."""
        self.fill(TRACED)
        victims = {"scan": 0, "age": TRACED // 2}[mode]
        trace = self.floor.with_name("trace")
        run(["strace", "-o", str(trace), *self.ours(mode, victims, guarded)])
        lines = trace.read_text(errors="replace").splitlines()
        begin, end = (
            next(number for number, line in enumerate(lines) if mark in line)
            for mark in image_cache_pass.MARKS
        )
        return end - begin - 1


def run(words: list[str]) -> str:
    """Return what a command prints; raises BenchmarkFailed."""
    ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HERE.parent)  # noqa: S603
    if ended.returncode:
        raise report.BenchmarkFailed(f"{words[0]} failed: {ended.stderr.strip()[-600:]}")
    return ended.stdout


def measure(*, quick: bool) -> Iterable[report.Measurement]:
    """Return the measurements; quick stops at 10 000 files."""
    sizes = {size: QUICK_TIMES for size in TIMES if size <= TRACED} if quick else TIMES
    with tempfile.TemporaryDirectory(prefix="cleanupd-image-cache-") as folder:
        ground = Ground(pathlib.Path(folder))
        found: list[report.Measurement] = []
        for size, times in sizes.items():
            for mode in MODES:
                report.tell(f"{size} files, {mode}")
                found += measure_cpu(ground, size, mode, times)
            found += measure_memory(ground, size)
            if size == TRACED:
                with contextlib.suppress(report.Unprepared):
                    found += measure_calls(ground)
        return found


def measure_cpu(ground: Ground, size: int, mode: str, times: int) -> Iterator[report.Measurement]:
    """Yield the CPU of a pass, beside the floor's and Ironic's; they take turns."""
    spent: dict[str, list[int]] = {"floor": [], "cleanupd": [], "ironic": []}
    for _ in range(times):
        for who, taken in spent.items():
            taken.append(ground.pass_over(who, mode, size)[0])
    ours, *peers_spent = (statistics.median(spent[w]) for w in ("cleanupd", "floor", "ironic"))
    for peer, value in zip((FLOOR, IRONIC.name), peers_spent, strict=True):
        yield report.Measurement(
            name=f"{mode}, {size} files: CPU",
            unit="ms",
            value=ours / 1000,
            peer=peer,
            peer_value=value / 1000,
        )


def measure_memory(ground: Ground, size: int) -> Iterator[report.Measurement]:
    """Yield the peak of memory of the pass that keeps most in mind."""
    ours = ground.pass_over("cleanupd", "room", size)[1]
    theirs = ground.pass_over("ironic", "room", size)[1]
    yield report.Measurement(
        name=f"room, {size} files: peak memory",
        unit="MB",
        value=ours * 1024 / MEGABYTE**2,
        peer=IRONIC.name,
        peer_value=theirs * 1024 / MEGABYTE**2,
    )


def measure_calls(ground: Ground) -> Iterator[report.Measurement]:
    """Yield the system calls of a pass, beside N + V times what each victim costs."""
    if not shutil.which("strace"):
        raise report.Unprepared("strace is missing: apt install strace")
    victims = TRACED // 2
    allowed = {"plain": 2, "guard": 3, "lease": 6}
    for mode, guarded in (("scan", "plain"), *(("age", guarded) for guarded in allowed)):
        count = 0 if mode == "scan" else victims
        yield report.Measurement(
            name=f"{mode}, {TRACED} files, {guarded}: system calls",
            unit="calls",
            value=ground.count_calls(mode, guarded),
            peer=f"N + {allowed[guarded]} V" if count else "N",
            peer_value=TRACED + allowed[guarded] * count,
        )


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
