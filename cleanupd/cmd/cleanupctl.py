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

"""The console script ``cleanupctl``."""

import sys

from cleanupd.cli import app


def main() -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Names are written in all scripts; a terminal's encoding may lack them.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return app.Cleanupctl().run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
