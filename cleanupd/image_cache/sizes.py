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

"""Sizes as people write them: 512M, 20G."""

import re

from cleanupd import exceptions

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
#: What an option may hold.
PATTERN = r"[0-9]{1,15}[KMGTkmgt]?"


def parse(text: str) -> int:
    """Return the bytes that ``20G`` means, in powers of 1024; raises UsageError."""
    found = re.fullmatch(r"([0-9]{1,15})([KMGT]?)", text.strip().upper())
    if not found:
        raise exceptions.UsageError(
            f"{text!r} is no size: give a number with K, M, G or T, such as 20G"
        )
    return int(found[1]) * _UNITS[found[2]]
