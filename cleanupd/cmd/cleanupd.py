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

"""The daemon's command."""

from collections.abc import Sequence
import logging
import os
import sys


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon until a signal ends it; return 0, or 1 if anything was wrong."""
    # First of all it chooses the threads that oslo.service works with.
    from cleanupd import exceptions
    from cleanupd.service import building

    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = building.run(given, os.environ)
    except exceptions.CleanupdError as error:
        sys.stderr.write(f"cleanupd: {error}\n")
        return 1
    except SystemExit as ended:
        # argparse ends with 2 where an argument makes no sense.
        return 1 if ended.code else 0
    if code:
        # Threads that have not ended in time would be waited for without end.
        logging.shutdown()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
