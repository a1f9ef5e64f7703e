/* start_bench.c: section `start`: how long `throng run` of a small program takes, from the start of its process to its
 * end, by the wall clock: a hundred instances, so that all is reading, compiling and printing. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static const double target_ms = 20;

typedef struct command {
  char *arguments[8];
  double took_ns;
} command;

static void run(void *self, size_t times)
{
  command *c = self;
  posix_spawn_file_actions_t files;
  demand(posix_spawn_file_actions_init(&files) == 0 &&
             posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) == 0,
         "no memory");
  double start = wall_ns();
  for (size_t i = 0; i < times; i++) {
    pid_t pid;
    int status = -1;
    demand(posix_spawn(&pid, BENCH_COMMAND, &files, NULL, c->arguments, environ) == 0, "the command does not start");
    demand(waitpid(pid, &status, 0) == pid && status == 0, "the command does not end well");
  }
  c->took_ns = wall_ns() - start;
  posix_spawn_file_actions_destroy(&files);
}

static double took(void *self)
{
  return ((const command *)self)->took_ns;
}

static char *text(const char *s)
{
  return (char *)(uintptr_t)s;
}

/* target: 0, or the greatest time. */
static void time_command(bench *b, const char *backend, const char *name, double target)
{
  char path[512];
  double median;
  command c = {.arguments = {text("throng"), text("run"), path, text("-n"), text("100"), text("--backend"),
                             text(backend), NULL}};
  (void)snprintf(path, sizeof path, "%s/examples/%s.tg", BENCH_SOURCE, name);
  time_in_turns(b, &(timed){.work = run, .self = &c, .took_ns = took}, 1, &median);
  report_add(&b->report, &(record){.section = "start",
                                   .workload = name,
                                   .subject = backend,
                                   .size = 100,
                                   .unit = "ms",
                                   .value = median / 1e6,
                                   .target = target,
                                   .limits_value = true});
}

void bench_start(bench *b)
{
  static const char *const names[] = {"pi", "bootstrap", "black_scholes"};
  const char *backend;
  for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
    time_command(b, b->backend == NULL ? "auto" : b->backend, names[k], target_ms); /* auto: if nothing is said */
    for (size_t i = 0; b->backend == NULL && (backend = bench_backend(b, i)) != NULL; i++) {
      if (strcmp(backend, "ref") != 0) {
        time_command(b, backend, names[k], 0);
      }
    }
  }
}
