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
"""One contract for two clouds: what the emulator says, a real OpenStack says too.

The same tests run on both::

    python -m pytest tests/contract --cloud emulator     # in this process, no root
    python -m pytest tests/contract --cloud sandbox      # tools/sandbox/sandbox up

A test talks plain HTTP through a `callers.Caller`, makes what it needs through the API and says
only what any caller may rely on. What one of the clouds cannot show stands in `skips.toml` with
its reason; nothing else may be skipped. A whole run on the emulator also proves that every one
of its routes was asked.
"""
