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
"""The share type of the dummy driver."""

HEADERS = {"X-OpenStack-Manila-API-Version": "2.51"}
NAME = "default"


def seed(admin):
    """The default share type exists."""
    shares = admin.shared_file_system
    types = shares.get("/types", headers=HEADERS).json()["share_types"]
    if NAME in {one["name"] for one in types}:
        return
    specs = {"driver_handles_share_servers": False}
    body = {"share_type": {"name": NAME, "extra_specs": specs}}
    shares.post("/types", json=body, headers=HEADERS).raise_for_status()
