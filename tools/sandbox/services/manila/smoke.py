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
"""Shares: one of the dummy driver's."""

TIMEOUT_S = 120
INTERVAL_S = 0.5


def smoke(admin, demo):
    """The share is available, and then gone."""
    shares = demo.shared_file_system
    share = shares.create_share(
        share_protocol="NFS", size=1, name="smoke-share", share_type="default"
    )
    shares.wait_for_status(share, "available", ["error"], interval=INTERVAL_S, wait=TIMEOUT_S)
    shares.delete_share(share)
    shares.wait_for_delete(share, interval=INTERVAL_S, wait=TIMEOUT_S)
