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

"""What clouds.yaml says of a cloud, as openstacksdk reads it."""

import os
import pathlib
import re
from typing import Any

from cleanupd import exceptions

_MESSAGE_LIMIT = 300


def read_config(name: str, region: str | None) -> Any:
    """Return openstacksdk's CloudRegion of a cloud; raises UnknownCloud or InvalidCloudConfig."""
    # The SDK costs 0.6 s of CPU; who only names this module need not pay it.
    import openstack.config  # noqa: PLC0415

    places = _places()
    try:
        loader = openstack.config.OpenStackConfig(app_name="cleanupd")
        read = loader.config_filename
        _refuse_skipped(name, places, read)
        if name in loader.get_cloud_names():
            return loader.get_one(cloud=name, region_name=region)
    except exceptions.CloudError:
        raise
    except Exception as error:
        # A boundary: people write these files, and the loader lets through
        # whatever the YAML parser, the file system and the plugins raise.
        raise exceptions.InvalidCloudConfig(name, one_line(str(error))) from error
    # Without any description the SDK makes one of the environment's variables.
    known = tuple(sorted(set(loader.get_cloud_names()) - {"defaults"})) if read else ()
    yaml = tuple(place for place in places if place.endswith(".yaml"))
    raise exceptions.UnknownCloud(name, known, (read,) if read else yaml)


def _places() -> tuple[str, ...]:
    """Return where openstacksdk looks for clouds.yaml, in its order."""
    from openstack.config import loader  # noqa: PLC0415 - as above

    override = os.environ.get("OS_CLIENT_CONFIG_FILE")
    return tuple(dict.fromkeys([*([override] if override else []), *loader.CONFIG_FILES]))


def _refuse_skipped(name: str, places: tuple[str, ...], read: str | None) -> None:
    """Raise InvalidCloudConfig where the SDK went on to a file that nobody meant.

    It only warns of a file that it cannot read and takes the next one, where
    a cloud of the same name may be another cloud.
    """
    before = places[: places.index(read)] if read in places else places
    override = os.environ.get("OS_CLIENT_CONFIG_FILE")
    for place in before:
        if pathlib.Path(place).exists():
            reason = f"{place} cannot be read; check its permissions and that it is YAML"
            raise exceptions.InvalidCloudConfig(name, reason)
        if place == override:
            reason = f"OS_CLIENT_CONFIG_FILE names {place}, which does not exist"
            raise exceptions.InvalidCloudConfig(name, reason)


def without_secrets(url: str) -> str:
    """Return an address without the user and the password in it."""
    return re.sub(r"//[^/@]*@", "//", url)


def one_line(text: str) -> str:
    """Return the beginning of a text on one line, without secrets."""
    return " ".join(without_secrets(text).split())[:_MESSAGE_LIMIT]
