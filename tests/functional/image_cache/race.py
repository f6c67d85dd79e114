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

"""cleanupd against a conductor at full speed: ``python -m tests.functional.image_cache.race``.

The conductor (``conductor.py``) is a process of its own.  This one cleans its master directory
again and again, as for want of room.  An hour is over in half a second here, as cleanupd's clock
is set: everything else is as in earnest.  The exit code is 1 if anything that the conductor did
failed because of cleanupd, or if anything was lost.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from cleanupd import image_cache
from cleanupd.image_cache import clocks
from cleanupd.image_cache import limits

#: After so long without a use a file counts as idle for an hour.
IDLE_S = 0.5
#: How many files of a pass are asked for.
SOME = 40
FAILURES = (
    "failed_passes",
    "failed_fetches",
    "lost_linked",
    "lost_open",
    "lost_half_written",
)


def run(place: pathlib.Path, seconds: float, *, quiet_s: float = 0.2, seed: int = 1):
    """Return what came of a race of so many seconds: counts, and what cleanupd did."""
    command = [sys.executable, "-m", "tests.functional.image_cache.conductor"]
    (place / "master").mkdir()
    started_s = time.time()
    with subprocess.Popen(
        [*command, str(place), str(seconds), str(seed)], stdout=subprocess.PIPE, text=True
    ) as conductor:
        image_cache.bind(
            image_cache.Binding(
                limits={
                    "ironic_instance": image_cache.Limits(
                        directory=str(place / "master"), quiet_s=quiet_s
                    )
                },
                is_enforcing=True,
                clock=clocks.Clock(wall=lambda: time.time() + limits.HOUR_S - IDLE_S),
                started_at=lambda _: started_s,
            )
        )
        totals = dict.fromkeys(("sweeps", "removed", "opened", "changed", "vanished", "busy"), 0)
        while conductor.poll() is None:
            report = image_cache.InstanceImageCache().clean_up(inodes=SOME)
            totals["sweeps"] += 1
            totals["busy"] += report.skipped is not None
            for name in ("removed", "opened", "changed", "vanished"):
                totals[name] += getattr(report, name)
        told = json.loads(conductor.stdout.read())
    image_cache.unbind()
    return {**told, "cleanupd": totals}


def main() -> int:
    """Race for as long as is said and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=180.0, help="for how long (180)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the conductor")
    parser.add_argument("--no-guard", action="store_true", help="remove even while it is at work")
    parser.add_argument("--directory", help="where (default: a temporary directory)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.directory) as folder:
        quiet_s = 0.0 if asked.no_guard else 0.2
        came = run(pathlib.Path(folder), asked.seconds, quiet_s=quiet_s, seed=asked.seed)
    came["seed"] = asked.seed
    sys.stdout.write(json.dumps(came, indent=2) + "\n")
    failed = sum(came["counts"][name] for name in FAILURES)
    if not came["cleanupd"]["removed"]:
        sys.stdout.write("cleanupd removed nothing, so nothing was shown\n")
        return 1
    sys.stdout.write("nothing failed or was lost\n" if not failed else f"{failed} FAILED\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
