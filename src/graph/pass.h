/* pass.h: the passes: each reads c->from, which is finished and right, and adds nodes to c->to. docs/passes.md says how
 * to add one. Errors stick to c->to. */
#ifndef TG_GRAPH_PASS_H
#define TG_GRAPH_PASS_H

#include "graph/copy.h"

void pass_fold(copier *c);
void pass_cse(copier *c);
void pass_rules(copier *c);
void pass_licm(copier *c);
void pass_select(copier *c);
void pass_uniform(copier *c);
void pass_dce(copier *c);

#endif
