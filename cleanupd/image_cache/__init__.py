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

"""Caches of images on a node's disks: what is in them can be had again, so it may go.

A cache is a subclass of :class:`ImageCache`, registered with
``@image_cache.cleanup(priority=N)`` in ``cache_cleanup_list``.
``clean_up_caches(directory, images_info)`` makes room in the file system of a
directory.  Directories and limits come by :func:`bind`; a cache without is off.
"""

from cleanupd.exceptions import InsufficientDiskSpace
from cleanupd.image_cache.base import ImageCache
from cleanupd.image_cache.binding import Binding
from cleanupd.image_cache.binding import bind
from cleanupd.image_cache.binding import unbind
from cleanupd.image_cache.cinder import CinderConversionCache
from cleanupd.image_cache.freeing import clean_up_caches
from cleanupd.image_cache.glance import GlanceImageCache
from cleanupd.image_cache.ironic import InstanceImageCache
from cleanupd.image_cache.ironic import ISOImageCache
from cleanupd.image_cache.ironic import PXEImageCache
from cleanupd.image_cache.ironic import TFTPImageCache
from cleanupd.image_cache.limits import Limits
from cleanupd.image_cache.nova import NovaBaseCache
from cleanupd.image_cache.registry import cache_cleanup_list
from cleanupd.image_cache.registry import cleanup

__all__ = [
    "Binding",
    "CinderConversionCache",
    "GlanceImageCache",
    "ISOImageCache",
    "ImageCache",
    "InstanceImageCache",
    "InsufficientDiskSpace",
    "Limits",
    "NovaBaseCache",
    "PXEImageCache",
    "TFTPImageCache",
    "bind",
    "cache_cleanup_list",
    "clean_up_caches",
    "cleanup",
    "unbind",
]
