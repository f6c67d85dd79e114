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
"""Objects: up, down, away."""


def smoke(admin, demo):
    """An object comes back as it went."""
    objects = demo.object_store
    objects.create_container("smoke-container")
    objects.upload_object("smoke-container", "object", data=b"hello")
    content = objects.download_object("object", container="smoke-container")
    objects.delete_object("object", container="smoke-container")
    objects.delete_container("smoke-container")
    assert content == b"hello", content
