#!/bin/sh
# tg-test: style
# Functions and files are short.
exec "$PYTHON" "$TG_SOURCE/tools/check_sizes.py"
