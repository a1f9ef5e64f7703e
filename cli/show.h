/* show.h: what was asked of throng show, and the stages that have a file of their own. */
#ifndef TG_CLI_SHOW_H
#define TG_CLI_SHOW_H

#include "cli.h"

typedef struct show_request {
  const command *self;
  const char *path, *stage, *after;
  const char *backend, *entry; /* asm */
} show_request;

/* show_code.c. Returns an exit status. */
int show_code(source *s, tg_context *context, const show_request *r);

#endif
