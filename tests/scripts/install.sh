#!/bin/sh
# tg-test: timeout=600 serial
# What `make install` installs can be used: a program is built through pkg-config, find_package and add_subdirectory,
# with the shared and the static library, and run.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
prefix=$root/opt/throng
mkdir -p "$work/project"

cat >"$work/project/main.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <throng.h>

int main(void)
{
  char expected[64];
  tg_context *context = NULL;
  snprintf(expected, sizeof expected, "%d.%d.%d", TG_VERSION_MAJOR, TG_VERSION_MINOR, TG_VERSION_PATCH);
  if (tg_context_create(NULL, &context) != TG_OK) return 1;
  tg_context_destroy(context);
  return strcmp(tg_version(), expected) != 0;
}
C
cat >"$work/project/CMakeLists.txt" <<'C'
cmake_minimum_required(VERSION 3.21)
project(user LANGUAGES C)
if(THRONG_FOLDER)
  add_subdirectory(${THRONG_FOLDER} throng)
else()
  find_package(Throng 0.1 REQUIRED)
endif()
add_executable(user main.c)
target_link_libraries(user PRIVATE Throng::throng)
C

number=0
check() {
  title=$1
  shift
  number=$((number + 1))
  if "$@" >"$work/log" 2>&1; then
    echo "ok $number - $title"
  else
    echo "not ok $number - $title"
    tail -n 30 "$work/log" | sed 's/^/# /'
  fi
}
with_cmake() { # FOLDER OPTION...
  folder=$work/$1
  shift
  cmake -G Ninja -S "$work/project" -B "$folder" "$@" && cmake --build "$folder" -j 2 && "$folder/user"
}
with_pkg_config() { # shared, or static: the archive and nothing else
  PKG_CONFIG_PATH=$(dirname "$(find "$root" -name throng.pc)")
  export PKG_CONFIG_PATH
  flags=$(pkg-config --cflags --libs throng) || return 1
  if [ "$1" = static ]; then
    flags="$(pkg-config --cflags throng) $(find "$root" -name libthrong.a)"
    flags="$flags $(pkg-config --libs-only-l --static throng | sed 's/-lthrong//')"
  fi
  libraries=$(dirname "$(find "$root" -name libthrong.a)")
  # shellcheck disable=SC2086  # a list of words on purpose
  "$CC" "$work/project/main.c" $flags -o "$work/user_$1" && LD_LIBRARY_PATH=$libraries "$work/user_$1"
}
installed() {
  status=0
  for name in bin/throng include/throng.h share/man/man1/throng.1; do
    [ -s "$prefix/$name" ] || { echo "$name is missing or empty"; status=1; }
  done
  return $status
}
soname() { readelf -d "$(find "$root" -name libthrong.so)" | grep -q 'SONAME.*libthrong\.so\.[0-9]'; }
runs_elsewhere() { "$prefix/bin/throng" version; }
needs_only_libc() { ! readelf -d "$(find "$root" -name libthrong.so)" | grep NEEDED | grep -v -E 'lib(c|m|gomp|omp)\.so'; }

echo "1..11"
check "installs into DESTDIR and prefix" env DESTDIR="$root" cmake --install "$TG_BUILD" --prefix /opt/throng
check "command, header and man page are there" installed
check "the command runs from where it was installed" runs_elsewhere
check "the shared library has a versioned SONAME" soname
check "the shared library needs only the C, mathematics and OpenMP libraries" needs_only_libc
check "pkg-config, shared library" with_pkg_config shared
check "pkg-config, static library" with_pkg_config static
check "find_package, shared library" with_cmake found -DCMAKE_PREFIX_PATH="$prefix"
check "find_package, static library" with_cmake found_static -DCMAKE_PREFIX_PATH="$prefix" -DBUILD_SHARED_LIBS=OFF
check "add_subdirectory, shared library" with_cmake sub -DTHRONG_FOLDER="$TG_SOURCE"
check "add_subdirectory, static library" with_cmake sub_static -DTHRONG_FOLDER="$TG_SOURCE" -DBUILD_SHARED_LIBS=OFF
