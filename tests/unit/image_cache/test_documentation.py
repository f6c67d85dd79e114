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

"""The page that says which test shows what."""

import pathlib
import re

from tests.unit.image_cache import test_as_ironic

ROOT = pathlib.Path(__file__).parents[3]
PAGE = (ROOT / "doc/source/contributor/image-caches.rst").read_text()


def test_it_names_all_that_ironic_has_too():
    """Twenty of them."""
    both = {name for name in vars(test_as_ironic) if name.startswith("test_")}
    assert len(both) == 20
    assert both <= set(re.findall(r"``(test_\w+)``", PAGE))
