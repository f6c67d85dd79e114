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

"""What keystoneauth raises, as our own exceptions."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import TypeVar

from keystoneauth1 import exceptions as ks_exceptions

from cleanupd import clouds_file
from cleanupd import exceptions

T = TypeVar("T")

#: So often a call is made whose token other threads throw away.
_TOKENS = 10


@contextlib.contextmanager
def translated(service: str, cloud: str, url: str) -> Iterator[None]:
    """Raise our own exception in place of keystoneauth's."""
    try:
        yield
    except (ks_exceptions.Unauthorized, ks_exceptions.BadRequest) as error:
        # Keystone calls it a bad request where a name or its domain is missing.
        raise exceptions.AuthenticationFailed(
            cloud, url, clouds_file.one_line(str(error))
        ) from error
    except ks_exceptions.HttpError as error:
        # All that keystoneauth raises by status comes from its own request for a token.
        reason = clouds_file.one_line(str(error))
        raise exceptions.RequestFailed(
            "identity", "POST", "/auth/tokens", error.http_status, reason
        ) from error
    except ks_exceptions.EndpointNotFound as error:
        reason = "the catalogue has no such endpoint in this region"
        raise exceptions.ServiceUnreachable(service, "", reason) from error
    except (ks_exceptions.ConnectionError, ks_exceptions.DiscoveryFailure) as error:
        raise exceptions.ServiceUnreachable(service, url, _root_cause(error)) from error
    except ks_exceptions.ClientException as error:
        raise exceptions.InvalidCloudConfig(cloud, clouds_file.one_line(str(error))) from error
    except Exception as error:
        # A missing password is a bare Exception to keystoneauth; anything finer is a bug of ours.
        if type(error) is not Exception:
            raise
        raise exceptions.InvalidCloudConfig(cloud, clouds_file.one_line(str(error))) from error


def with_token(call: Callable[[], T]) -> T:
    """Return what a call with a token does, made again where the token was thrown away meanwhile.

    keystoneauth asserts that it has one, and another thread whose request was
    refused with 401 may have thrown it away since it was fetched.  Raises what
    keystoneauth does.
    """
    for _ in range(_TOKENS):
        with contextlib.suppress(AssertionError):
            return call()
    raise ks_exceptions.Unauthorized(f"{_TOKENS} tokens in turn were refused")


def _root_cause(error: BaseException) -> str:
    """Return what the operating system said, without what libraries wrapped around it."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return clouds_file.one_line(text or type(error).__name__)
