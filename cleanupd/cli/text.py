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

"""Values as text for people, safe for a terminal."""

import datetime
import re

from cleanupd import exceptions

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+[smhd])+")


def printable(text: str, *, keep: str = "") -> str:
    r"""Return the text with everything escaped that a terminal would act on.

    Names are what strangers typed: control characters, marks that turn the
    direction of writing and halves of surrogate pairs become ``\x1b``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


#: No benchmark is older: what is longer is a slip of the finger.
LONGEST_S = 36500 * 86400


def parse_duration(text: str) -> float:
    """Return the seconds that ``90s``, ``10m``, ``2h``, ``1d`` or ``1h30m`` means."""
    if not _DURATION.fullmatch(text) or not text.isascii():
        raise exceptions.UsageError(
            f"{text!r} is not a length of time: give a number with s, m, h or d, such as 10m"
        )
    found = re.findall(r"(\d+)([smhd])", text)
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in found)
    if seconds > LONGEST_S:
        raise exceptions.UsageError(f"{text!r} is longer than {LONGEST_S // _SECONDS['d']} days")
    return float(seconds)


def describe_duration(length: datetime.timedelta) -> str:
    """Return a length of time in its two largest units, such as ``2h 5m``."""
    seconds = max(0, int(length.total_seconds()))
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(p for p in parts[:2] if not p.startswith("0")) or "0s"


def describe_time(when: datetime.datetime | None) -> str | None:
    """Return a moment as people read it, in UTC."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when is not None else None


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 resource``, ``2 resources``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
