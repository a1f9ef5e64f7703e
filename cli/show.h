/* show.h: what was asked of throng show, and the stages that have a file of their own. */
#ifndef TG_CLI_SHOW_H
#define TG_CLI_SHOW_H

#include "cli.h"

typedef struct show_request {
  const command *self;
  const char *path, *stage, *after;
  const char *backend, *entry; /* backend: asm; entry: asm, and graph and routine of programs */
} show_request;

/* show_program.c, for programs of the language. Returns an exit status. */
int show_program(const source *s, tg_context *context, const show_request *r);

/* cmd_show.c: a graph as text, after the pass that was asked for. Returns an exit status. */
int show_graph_text(tg_graph *g, tg_context *context, const show_request *r);

/* show_code.c. Returns an exit status. */
int show_code(source *s, tg_context *context, const show_request *r);

#endif
