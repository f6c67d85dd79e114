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
"""What services say of why they refused, each in a shape of its own."""

import html
import re
from typing import Any

import msgspec

from cleanupd import clouds_file


def find(body: bytes) -> str:
    """Return what an error's body says: a field of its JSON, or the text of its HTML."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace")
        visible = re.sub(r"(?s)<(title|script|style)\b.*?</\1>|<[^>]*>", " ", text)
        return clouds_file.one_line(html.unescape(visible)) or "no explanation"
    found = answer.values() if isinstance(answer, dict) else [answer]
    return next(filter(None, map(_say, found)), "no explanation")


def _say(value: Any) -> str:
    """Return the words in a value; Ironic has JSON in a string in its JSON."""
    if isinstance(value, dict):
        value = value.get("message") or value.get("faultstring")
    if not isinstance(value, str) or not value:
        return ""
    try:
        inner = msgspec.json.decode(value)
    except msgspec.DecodeError:
        inner = None
    return _say(inner) if isinstance(inner, dict) else clouds_file.one_line(value)
