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

"""Sizes as people write and read them."""

import pytest

from cleanupd import exceptions
from cleanupd.image_cache import sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("4k", 4096), ("20G", 20 << 30), (" 1T ", 1 << 40), ("3M", 3 << 20)],
)
def test_sizes_are_read(text, size):
    """In powers of 1024, in either case."""
    assert sizes.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "5GB", "5 G", "٣", "9" * 16, "1e9"])
def test_what_is_no_size_is_refused(text):
    """With an example of one."""
    with pytest.raises(exceptions.UsageError, match="such as 20G"):
        sizes.parse(text)
