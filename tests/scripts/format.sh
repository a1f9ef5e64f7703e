#!/bin/sh
# tg-test: style
# Every C file is formatted.
exec "$TG_SOURCE/tools/check_format.sh"
