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
"""The fields of Neutron's collections: who may set, filter and sort by them, and their values.

The words of the checks are those of a real Neutron 29. A *check* says what is wrong with a value
(400 HTTPBadRequest, "Invalid input for FIELD. Reason: ..."), a *conversion* says what becomes of
it or refuses it (400 InvalidInput, "Invalid input for operation: ...").
"""

from collections.abc import Callable
import dataclasses
import ipaddress
import re
from typing import Any
import uuid

from tests.emulator import web

REQUIRED: Any = object()
"""The default of a field without which there is no POST."""
UNSET: Any = object()
"""The default of a field whose value Neutron finds itself if the request has none."""

Check = Callable[[Any], str | None]
Convert = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Field:
    """One field. `uses` has a letter for each thing that may be done with it.

    ``p`` it may be in a POST, ``u`` in a PUT, ``f`` filtered by, ``s`` sorted by. `admin` has
    ``p`` and ``u`` where only the administrator may say other than the default, `owner` where
    the owner of the network may too.
    """

    uses: str
    default: Any = UNSET
    check: Check | None = None
    convert: Convert | None = None
    admin: str = ""
    owner: str = ""

    def value(self, name: str, given: Any) -> Any:
        """What becomes of a value that somebody wants; 400 if it is none."""
        reason = self.check(given) if self.check is not None else None
        if reason is not None:
            raise web.Refused(400, f"Invalid input for {name}. Reason: {reason}.")
        return self.convert(given) if self.convert is not None else given


def invalid(reason: str) -> web.Refused:
    """The 400 of a value that Neutron cannot use."""
    return web.Refused(400, f"Invalid input for operation: {reason}.", "InvalidInput")


def text(most: int | None = 255, *, none: bool = False) -> Check:
    """A string of at most so many characters."""

    def check(value: Any) -> str | None:
        if none and value is None:
            return None
        if not isinstance(value, str):
            return f"'{value}' is not a valid string"
        if most is not None and len(value) > most:
            return f"'{value}' exceeds maximum length of {most}"
        return None

    return check


def uuid_text(value: Any) -> str | None:
    """The id of something."""
    try:
        uuid.UUID(value)
    except (TypeError, ValueError, AttributeError):
        return f"'{value}' is not a valid UUID"
    return None


def uuid_or_none(value: Any) -> str | None:
    """The id of something, or null."""
    return None if value is None else uuid_text(value)


def uuid_list(value: Any) -> str | None:
    """A list of ids."""
    if not isinstance(value, list):
        return f"'{value}' is not a list"
    return next((reason for one in value if (reason := uuid_text(one))), None)


def one_of(*allowed: Any) -> Check:
    """One of these values."""

    def check(value: Any) -> str | None:
        return None if value in allowed else f"{value} is not in valid_values"

    return check


def address(value: Any) -> str | None:
    """An IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"'{value}' is not a valid IP address"
    return None


def address_or_none(value: Any) -> str | None:
    """An IP address or null."""
    return None if value is None else address(value)


def mac_address(value: Any) -> str | None:
    """A MAC address."""
    if isinstance(value, str) and re.fullmatch(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}", value):
        return None
    return f"'{value}' is not a valid MAC address"


def fixed_ips(value: Any) -> str | None:
    """Addresses of a port: a list of objects with a subnet, an address or both."""
    if not isinstance(value, list):
        return f"Invalid data format for fixed IP: '{value}'"
    for one in value:
        if not isinstance(one, dict):
            return f"Invalid data format for fixed IP: '{one}'"
        reason = (address(one["ip_address"]) if "ip_address" in one else None) or (
            uuid_text(one["subnet_id"]) if "subnet_id" in one else None
        )
        if reason is not None:
            return reason
    return None


def gateway_info(value: Any) -> str | None:
    """A router's gateway: nothing, or an object with the network."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        return f"'{value}' is not a dictionary"
    if "network_id" not in value:
        return "Validation of dictionary's keys failed. Expected keys: {'network_id'}"
    return uuid_text(value["network_id"]) or fixed_ips(value.get("external_fixed_ips", []))


def routes(value: Any) -> str | None:
    """Destinations with their next hops."""
    for one in value or []:
        try:
            ipaddress.ip_network(one["destination"])
        except ValueError:
            return f"'{one['destination']}' is not a valid CIDR"
        reason = address(one["nexthop"])
        if reason is not None:
            return reason
    return None


def name_servers(value: Any) -> str | None:
    """A list of addresses."""
    for one in value or []:
        reason = address(one)
        if reason is not None:
            return f"'{one}' is not a valid nameserver. {reason}"
    return None


def pools(value: Any) -> str | None:
    """Allocation pools: objects with start and end."""
    for one in value or []:
        if not isinstance(one, dict) or set(one) != {"start", "end"}:
            return f"Invalid data format for IP pool: '{one}'"
        reason = address(one["start"]) or address(one["end"])
        if reason is not None:
            return reason
    return None


def networks(value: Any) -> str | None:
    """A list of CIDRs."""
    for one in value:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            return f"'{one}' is not a valid IP subnet"
    return None


def not_negative(value: Any) -> str | None:
    """A number from 0."""
    if not str(value).lstrip("-").isdigit():
        return f"'{value}' is not an integer"
    return f"'{value}' should be non-negative" if int(value) < 0 else None


TRUE = frozenset(("true", "1", "yes", "y", "on", "t"))
FALSE = frozenset(("false", "0", "no", "n", "off", "f"))


def to_boolean(value: Any) -> bool:
    """True or False, also from text and numbers."""
    word = str(value).lower()
    if word.strip() in TRUE:
        return True
    if word.strip() in FALSE:
        return False
    raise invalid(f"'{value}' cannot be converted to boolean")


def to_integer(value: Any) -> int:
    """A number, also from text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise invalid(f"'{value}' is not an integer") from None


def to_list(value: Any) -> Any:
    """A list, also from null."""
    return [] if value is None else value


def to_cidr(value: Any) -> Any:
    """The network's own address with its length (seen: ``10.7.1.5/24`` is ``10.7.1.0/24``)."""
    if value is None:
        return None
    try:
        if "/" not in value:
            raise ValueError(value)
        return str(ipaddress.ip_network(value, strict=False))
    except (TypeError, ValueError):
        raise invalid(f"{value} is not in a CIDR format") from None
