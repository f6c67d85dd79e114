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
"""The seed and smoke modules of the services, loaded from their folders."""

import importlib.util
import types

from controlplane import services


def load(service: str, kind: str) -> types.ModuleType | None:
    """The module ``services/SERVICE/KIND.py``, None where the service has none."""
    path = services.FOLDER / service / f"{kind}.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(f"{kind}_{service}", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
