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

"""The page of the documentation that tells of the kinds."""

import pathlib
import re

from cleanupd.services.base import registry

PAGE = pathlib.Path(__file__).parents[3] / "doc" / "source" / "user" / "kinds.rst"


def test_the_page_has_every_kind_once() -> None:
    """A row for each kind that is loaded, and for no other."""
    rows = re.findall(r"^   \* - ``(.+)``$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    managers, _ = registry.load_managers()
    assert sorted(rows) == sorted(managers)


def test_the_page_has_every_option_that_lifts_a_hold() -> None:
    """People find there what the reason of a kept resource names."""
    text = PAGE.read_text(encoding="utf-8")
    managers, _ = registry.load_managers()
    options = [hold.option for one in managers.values() for hold in one.KIND.holds if hold.option]
    assert options
    assert [option for option in options if option not in text] == []
