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

"""Ironic's own pass over a master directory; runs where Ironic is installed, not here.

Called with a directory, a mode and a count; prints the microseconds of CPU and the peak of memory
in KiB that ``clean_up`` took.
"""

import resource
import sys
import time

ENDLESS = 10**15


def main() -> None:
    """One pass: over nothing to do, over what is too old, or for so many files' room."""
    # Only here: who lists the benchmarks has no Ironic.
    from ironic.drivers.modules import image_cache  # noqa: PLC0415

    directory, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ttl = -60 if mode == "age" else ENDLESS
    cache = image_cache.ImageCache(directory, ENDLESS, ttl)
    began = time.process_time()
    cache.clean_up(amount=count << 20 if mode == "room" else None)
    spent = time.process_time() - began
    print(int(spent * 1e6), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
