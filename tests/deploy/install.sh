#!/usr/bin/env bash
# Installs what the tests of deploy/ run: nginx, and promtool of Prometheus, both from Debian's packages. The tests start their
# own processes on free ports of loopback.
set -euo pipefail
if [ -x /usr/sbin/nginx ] && command -v promtool >/dev/null; then
  exit 0
fi
command -v apt-get >/dev/null || { echo "nginx and promtool come from Debian's packages: install nginx-light and prometheus"; exit 3; }
echo "Installing nginx and Prometheus (Debian packages) ..."
sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light prometheus >/dev/null
