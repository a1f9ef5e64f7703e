/* explain.h: the records of a kernel, for what explains kernels among other things. */
#ifndef TG_RUNTIME_EXPLAIN_H
#define TG_RUNTIME_EXPLAIN_H

#include "explain/explain.h"
#include "runtime/kernel.h"

/* Adds a kernel's records. Errors: NOMEM. */
tg_status kernel_explain(const tg_kernel *kernel, const tg_explain_options *options, explainer *e, tg_error *error);

/* The caller's options, checked and completed. Errors: ARGUMENT. */
tg_status explain_options_read(const tg_explain_options *options, tg_explain_options *out, tg_error *error);

/* All records in the form wanted, for the caller to free. Errors: NOMEM. */
tg_status explain_give(const explainer *e, tg_explain_form form, char **out, size_t *n_out, tg_error *error);

#endif
