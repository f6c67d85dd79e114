#!/bin/bash
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
#
# make_ring.sh BUILDER IP PORT: a ring of one device with one replica.
set -eu
builder=$1
ip=$2
port=$3
rm -f "$builder"
swift-ring-builder "$builder" create 4 1 1
swift-ring-builder "$builder" add --region 1 --zone 1 \
    --ip "$ip" --port "$port" --device sdb1 --weight 1
swift-ring-builder "$builder" rebalance
