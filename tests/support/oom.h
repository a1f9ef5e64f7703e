/* oom.h: runs a scenario with every allocation failing in turn. */
#ifndef TEST_OOM_H
#define TEST_OOM_H

#include "throng.h"

/* Something that a program does with a context. It returns the status of the first call that failed, after destroying
 * all that it made. *error begins empty; a call that takes a tg_error is given it. */
typedef tg_status (*oom_scenario)(tg_context *context, const void *argument, tg_error *error);

/* Runs the scenario, in a context of its own, with the n-th allocation failing, for n = 1, 2, ... until it succeeds:
 * first with that allocation failing alone, then with all from it on. Fails the test unless each failure ends in
 * TG_NOMEM, and nothing is held afterwards. Returns how many allocations the scenario makes. */
size_t oom_drive(oom_scenario scenario, const void *argument);

#endif
