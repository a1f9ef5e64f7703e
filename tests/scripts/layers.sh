#!/bin/sh
# tg-test: style
# Each folder includes only what stands above it.
exec "$PYTHON" "$TG_SOURCE/tools/check_layers.py"
