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

"""The daemon: one process of plain native threads over the engine.

Importing anything from here chooses oslo.service's threading backend, because
``oslo_service.service`` chooses eventlet if nobody has chosen when it is
imported.  eventlet itself is never patched in, and its hub never started.
"""

import warnings

from oslo_service import backend  # type: ignore[import-untyped]

# futurist imports eventlet if it is there, which nobody who runs the daemon can help.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

backend.init_backend(backend.BackendType.THREADING)
