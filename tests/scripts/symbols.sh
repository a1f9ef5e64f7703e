#!/bin/sh
# The library exports what tools/symbols.txt lists, and nothing else.
exec "$TG_SOURCE/tools/check_symbols.sh" "$TG_BUILD" --tap
