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

"""The page of promises, and the tests that it names."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "doc/source/contributor/promises.rst").read_text()


def test_every_test_that_it_names_exists():
    """A promise is kept by a test that is there."""
    files = (ROOT / "tests").rglob("*.py")
    defined = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    named = set(re.findall(r"``(test_\w+)``", PAGE))
    assert len(named) > 60
    assert named <= defined


def test_it_has_all_twenty():
    """None is left out, kept or not."""
    assert [int(n) for n in re.findall(r"(?m)^   \* - (\d+)$", PAGE)] == list(range(1, 21))
