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

import ast
import pathlib
import sys


def main() -> int:
    """Print the name of each benchmark and the first line of what it says of itself."""
    print("usage: python -m benchmarks.NAME [--quick] [--json FILE] [--page FILE]\n")
    for file in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        # Some are programs of peers, which only their own environments can import.
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if any(isinstance(one, ast.FunctionDef) and one.name == "measure" for one in tree.body):
            print(f"  {file.stem:12} {(ast.get_docstring(tree) or '').splitlines()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
