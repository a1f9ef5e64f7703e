/* plugin.c: see plugin.h. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "plugin.h"

#include "throng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void plugin_need(void)
{
  tg_error error;
  const char *build = getenv("TG_BUILD");
  if (build != NULL) {
    setenv("TG_PLUGIN_PATH", build, 0);
  }
  if (tg_backend_status("llvm", &error) != TG_OK) {
    print_message("%s\n", error.message);
    skip();
  }
}
