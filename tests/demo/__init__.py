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

"""The demonstrations: ``make demo``, and ``make demo-sandbox`` (``real``).

A story told with the real commands, on an emulated cloud in a process of its own.
``stage`` sets the cloud up and takes it down, ``witness`` looks at it with openstacksdk and
without cleanupd, ``__main__`` tells the story.

``real`` tells it on a real control plane, which ``loan`` brings up and gives back.
"""
