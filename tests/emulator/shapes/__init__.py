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
"""New resources: bodies with all fields that the real service gives, put into the cloud.

Each function adds what it makes and returns the body; what the service would make along with it
(a router's gateway port, a server's ports) is made too. The fields were seen on a real cloud,
release 2026.2.
"""
