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

"""cleanupd's own pass over a master directory, in a process of its own.

Called with a directory, a mode, a count and what guards it (``plain``, ``guard`` or ``lease``);
prints the microseconds of CPU and the peak of memory in KiB that ``clean_up`` took, and how many
files it removed.
"""

import contextlib
import os
import resource
import sys
import time

from cleanupd import image_cache
from cleanupd.image_cache import clocks

DAY_S = 86400.0
#: Paths that do not exist: a tracer finds the pass between them.
MARKS = ("/begin-of-the-pass", "/end-of-the-pass")


def mark(path: str) -> None:
    """Leave a mark for a tracer."""
    with contextlib.suppress(OSError):
        os.stat(path)  # noqa: PTH116 - one call to the system, and no more


def main() -> None:
    """One pass: over nothing to do, over what is too old, or for so many files' room."""
    directory, mode, count, guarded = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    # The files are new; so it is later for what must find them idle.
    ahead_s = {"scan": 0.0, "age": 30 * DAY_S, "room": DAY_S}[mode]
    image_cache.bind(
        image_cache.Binding(
            limits={
                "ironic_instance": image_cache.Limits(
                    directory=directory,
                    max_size=1 << 50,
                    max_age_s=7 * DAY_S,
                    share=1.0,
                    quiet_s=0.0 if guarded == "plain" else 0.05,
                    has_lease_probe=guarded == "lease",
                )
            },
            is_enforcing=True,
            clock=clocks.Clock(wall=lambda: time.time() + ahead_s),
        )
    )
    cache = image_cache.InstanceImageCache()
    mark(MARKS[0])
    began = time.process_time()
    report = cache.clean_up(inodes=count if mode == "room" else 0)
    spent = time.process_time() - began
    mark(MARKS[1])
    print(int(spent * 1e6), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, report.removed)


if __name__ == "__main__":
    main()
