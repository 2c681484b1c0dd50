#!/bin/sh
# Run by azd after the resources stand; run again by hand whenever a step did not succeed.
set -eu
cd "$(dirname "$0")/../.."
if command -v python3 >/dev/null 2>&1; then python=python3; else python=python; fi
exec "$python" dev.py deploy "$@"
