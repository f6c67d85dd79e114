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

"""A daemon that looks after image caches and no cloud."""

import pytest

from cleanupd import exceptions
from cleanupd import image_cache
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.core import lookup
from cleanupd.rpc import api
from cleanupd.rpc import server
from cleanupd.service import image_caches
from tests.unit.core import sample


@pytest.fixture
def endpoint():
    """Give the endpoint of a daemon without a cloud."""
    chosen = settings.make_settings(loading.load([], files=[]))
    daemon = image_caches.NodeDaemon(chosen, sample.NOW)
    yield server.Endpoint(daemon, daemon.status, daemon.image_caches.node)
    image_cache.unbind()


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("model_show", {}),
        ("model_records", {"query": api.pack(lookup.Query(kind="compute.server"))}),
        ("model_stats", {}),
        ("model_sync", {"services": ["compute"]}),
        ("model_trust", {}),
    ],
)
def test_without_a_cloud_there_is_no_model(endpoint, method, arguments):
    """The option is named that would give it a cloud."""
    with pytest.raises(exceptions.Refused, match=r"\[cloud\] name is not set"):
        api.raise_error(getattr(endpoint, method)({}, **arguments))
