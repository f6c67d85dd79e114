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

"""Lists the benchmarks."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> int:
    """Print the name of each benchmark and the first line of what it says of itself."""
    print("usage: python -m benchmarks.NAME [--quick] [--json FILE] [--page FILE]\n")
    for found in pkgutil.iter_modules(benchmarks.__path__):
        if found.name != "__main__":
            module = importlib.import_module(f"benchmarks.{found.name}")
            if hasattr(module, "measure"):
                print(f"  {found.name:10} {(module.__doc__ or '').splitlines()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
