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

"""The catalogue in a token, and the regions in it."""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import access as ks_access
import os_service_types

from cleanupd import exceptions


def find(access: ks_access.AccessInfo) -> frozenset[tuple[str, str]]:
    """Return official service type and region of every endpoint; unofficial types as they are."""
    types = os_service_types.ServiceTypes()
    return frozenset(
        (types.get_service_type(service["type"]) or service["type"], _region_of(endpoint))
        for service in access.service_catalog.catalog or ()
        for endpoint in service["endpoints"]
    )


def _region_of(endpoint: Mapping[str, str]) -> str:
    return endpoint.get("region_id") or endpoint.get("region") or ""


def choose_region(config: Any, access: ks_access.AccessInfo) -> str:
    """Return the region to work in: the configured one, or the only one there is."""
    regions = sorted({region for _, region in find(access)} - {""})
    wanted: str | None = config.get_region_name()
    if wanted and (wanted in regions or not regions):
        return wanted
    if wanted:
        reason = f"region {wanted!r} is not in the catalogue; choose one of {', '.join(regions)}"
        raise exceptions.InvalidCloudConfig(config.name, reason)
    if len(regions) > 1:
        reason = f"set region_name to one of {', '.join(regions)}"
        raise exceptions.InvalidCloudConfig(config.name, reason)
    return regions[0] if regions else ""
