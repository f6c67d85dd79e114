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

# Installs cleanupd into a devstack, configures it for the cloud that devstack
# has just made, and runs the daemon as one of devstack's systemd units.
# devstack sources this file with a phase as its arguments. It makes no user,
# no endpoint and no database: cleanupd has none of its own.

function install_cleanupd {
    setup_develop "$CLEANUPD_DIR"
}

# Afterwards the daemon finds the cloud in clouds.yaml and the message bus.
function configure_cleanupd {
    sudo install -d -o "$STACK_USER" "$CLEANUPD_CONF_DIR" "$CLEANUPD_STATE_PATH"
    rm -f "$CLEANUPD_CONF"
    iniset "$CLEANUPD_CONF" DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    iniset "$CLEANUPD_CONF" DEFAULT state_path "$CLEANUPD_STATE_PATH"
    iniset "$CLEANUPD_CONF" cloud name "$CLEANUPD_CLOUD"
    iniset "$CLEANUPD_CONF" sweep mode "$CLEANUPD_MODE"
    iniset_rpc_backend cleanupd "$CLEANUPD_CONF"
}

function start_cleanupd {
    run_process cleanupd "$(get_python_exec_prefix)/cleanupd --config-file $CLEANUPD_CONF"
}

function stop_cleanupd {
    stop_process cleanupd
}

function cleanup_cleanupd {
    sudo rm -rf "$CLEANUPD_CONF_DIR" "$CLEANUPD_STATE_PATH"
}

if is_service_enabled cleanupd; then
    case "$1/${2:-}" in
        stack/install)
            echo_summary "Installing cleanupd"
            install_cleanupd
            ;;
        stack/post-config)
            echo_summary "Configuring cleanupd"
            configure_cleanupd
            ;;
        stack/extra)
            echo_summary "Starting cleanupd"
            start_cleanupd
            ;;
        unstack/)
            stop_cleanupd
            ;;
        clean/)
            cleanup_cleanupd
            ;;
    esac
fi
