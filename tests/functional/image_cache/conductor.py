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

"""A process that does with a master directory what ironic-conductor does, as fast as it can.

It follows ``ironic/drivers/modules/image_cache.py`` of Ironic 39 step by step: a hit is linked, a
miss is downloaded into a directory of its own, renamed, linked twice, and its directory removed;
after each fetch comes a pass over the cache, which fails where a name that it has listed is gone.
Deployments end, so that images become idle.  Others read images that nobody has linked.

Called with a directory, a number of seconds and a seed; prints what came of it as JSON.
"""

from collections.abc import Iterator
import contextlib
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid

IMAGES = 400
THREADS = 3
SIZE = 4096
#: A conductor works in bursts, deployments, and rests in between.
LONGEST_BURST_S = 0.3
LONGEST_REST_S = 0.8
MOST_NODES = 60
MOST_MESSAGES = 5
COUNTS = (
    "hits",
    "misses",
    "passes",
    "read",
    "own_failures",
    "failed_passes",
    "failed_fetches",
    "lost_linked",
    "lost_open",
    "lost_half_written",
)


class Conductor:
    """The master directory, the nodes' links, and a count of everything."""

    def __init__(self, place: pathlib.Path, seed: int) -> None:
        """Have the two directories."""
        self.master = place / "master"
        self.nodes = place / "nodes"
        self.master.mkdir(exist_ok=True)
        self.nodes.mkdir(exist_ok=True)
        self.random = random.Random(seed)
        self.images = [str(uuid.UUID(int=self.random.getrandbits(128))) for _ in range(IMAGES)]
        self.counts = dict.fromkeys(COUNTS, 0)
        self.messages: list[str] = []
        self.removed_by_itself: set[str] = set()
        self.locks = {image: threading.Lock() for image in self.images}
        self.master_lock = threading.Lock()
        self.count_lock = threading.Lock()

    def count(self, what: str) -> None:
        """Count something; threads share it."""
        with self.count_lock:
            self.counts[what] += 1

    def fetch(self, image: str) -> None:
        """Have a node get an image, then pass over the cache."""
        destination = self.nodes / str(uuid.uuid4())
        destination.mkdir()
        with self.locks[image], self.failing("failed_fetches"):
            if not self.hit(image, destination / "disk"):
                self.miss(image, destination / "disk")
        with self.failing("failed_passes"):
            self.clean_up()

    def hit(self, image: str, disk: pathlib.Path) -> bool:
        """Link an image that is there, and return whether it was."""
        master = self.master / image
        if not master.exists():
            return False
        master.stat()  # whether it is stale
        with self.master_lock:
            try:
                os.link(master, disk)
            except OSError:
                shutil.copyfile(master, disk)
        self.count("hits")
        return True

    def miss(self, image: str, disk: pathlib.Path) -> None:
        """Download an image into a directory of its own and link it twice."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.master))
        try:
            part = folder / f"{image}.part"
            content = image.encode() * (SIZE // len(image))
            with part.open("wb") as file:
                for start in range(0, len(content), 1024):
                    file.write(content[start : start + 1024])
                    file.flush()
            if part.read_bytes() != content:
                self.count("lost_half_written")
            done = folder / image
            part.rename(done)
            with contextlib.suppress(FileExistsError):
                os.link(done, self.master / image)
            os.link(self.master / image, disk)
        finally:
            if not folder.exists():
                self.count("lost_half_written")
            shutil.rmtree(folder, ignore_errors=True)
        self.removed_by_itself.discard(image)
        self.count("misses")

    def clean_up(self) -> None:
        """Pass over the cache as Ironic does: what is listed and then gone makes it fail."""
        with self.master_lock:
            candidates = []
            for name in os.listdir(self.master):  # noqa: PTH208 - as Ironic does
                path = self.master / name
                status = path.stat()
                if path.is_file() and status.st_nlink == 1:
                    candidates.append((max(status[7:10]), path))
            candidates.sort()
            for _, path in candidates[IMAGES // 2 :]:
                self.removed_by_itself.add(path.name)
                path.unlink()
        self.count("passes")

    def undeploy(self) -> None:
        """Have a node lose its link, after a look whether its master is still there."""
        nodes = list(self.nodes.iterdir())
        if len(nodes) < MOST_NODES:
            return
        node = self.random.choice(nodes)
        with contextlib.suppress(FileNotFoundError):
            status = (node / "disk").stat()
            image = (node / "disk").read_bytes()[:36].decode()
            with self.locks[image]:
                if status.st_nlink < 2 and image not in self.removed_by_itself:
                    self.count("lost_linked")
                shutil.rmtree(node)

    def read(self) -> None:
        """Have somebody read an image for a while: what was there when it was opened stays."""
        with contextlib.suppress(FileNotFoundError):
            name = self.random.choice(self.images)
            with (self.master / name).open("rb") as file:
                had_name = os.fstat(file.fileno()).st_nlink > 0
                time.sleep(0.02)
                is_lost = had_name and not os.fstat(file.fileno()).st_nlink
                if is_lost and name not in self.removed_by_itself:
                    self.count("lost_open")
                self.count("read")

    @contextlib.contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """Count a failure: its own where its own threads removed the name."""
        try:
            yield
        except FileNotFoundError as error:
            name = pathlib.Path(str(error.filename)).name
            is_own = name.startswith("tmp") or name in self.removed_by_itself
            self.count("own_failures" if is_own else what)
            if not is_own and len(self.messages) < MOST_MESSAGES:
                self.messages.append(f"{what}: {error!r}")

    def work(self, seconds: float) -> None:
        """Work in bursts for so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            burst_ends = time.monotonic() + self.random.uniform(0, LONGEST_BURST_S)
            while time.monotonic() < burst_ends:
                # Some images are asked for again and again, most hardly ever.
                self.fetch(self.images[int(IMAGES * self.random.random() ** 3)])
                self.undeploy()
            time.sleep(self.random.uniform(0, LONGEST_REST_S))

    def read_on(self, seconds: float) -> None:
        """Read images for so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.read()


def main() -> None:
    """Work for as long as is said, and print the counts."""
    place, seconds, seed = pathlib.Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    conductor = Conductor(place, seed)
    threads = [threading.Thread(target=conductor.work, args=(seconds,)) for _ in range(THREADS)]
    threads.append(threading.Thread(target=conductor.read_on, args=(seconds,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"counts": conductor.counts, "messages": conductor.messages}))  # noqa: T201


if __name__ == "__main__":
    main()
