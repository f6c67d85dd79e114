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

"""Pages that say which test shows what."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ROOT / "doc/source/contributor"


@pytest.mark.parametrize(
    ("page", "files"),
    [("promises", "**/*.py"), ("image-caches", "*/image_cache/test_*.py")],
)
def test_every_test_that_a_page_names_exists(page, files):
    """By its whole name, among those of its subject."""
    found = (ROOT / "tests").glob(files)
    defined = {name for file in found for name in re.findall(r"def (test_\w+)", file.read_text())}
    named = set(re.findall(r"``(test_\w+)``", (PAGES / f"{page}.rst").read_text()))
    assert len(named) > 60
    assert named <= defined


def test_no_promise_is_left_out():
    """There are twenty, kept or not."""
    page = (PAGES / "promises.rst").read_text()
    assert [int(n) for n in re.findall(r"(?m)^   \* - (\d+)$", page)] == list(range(1, 21))
