/* python.c: peers.py as a process beside the benchmark, so that its samples and ours can be taken in turns.
 *
 * One line a request, one line an answer; the head of peers.py lists them. Whatever fails means: no such peer. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct python {
  bool is_tried;
  pid_t pid;
  FILE *to, *from; /* NULL: not there */
};

struct python *python_new(void)
{
  return calloc(1, sizeof(struct python));
}

static void spawn(struct python *p, const int *to, const int *from)
{
  const char *given = getenv("PYTHON");
  char *arguments[] = {(char *)(uintptr_t)(given != NULL ? given : "python3"), (char *)(uintptr_t)PEERS_PY, NULL};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, to[0], 0);
  posix_spawn_file_actions_adddup2(&files, from[1], 1);
  posix_spawn_file_actions_addclose(&files, to[1]);
  posix_spawn_file_actions_addclose(&files, from[0]);
  if (posix_spawnp(&p->pid, arguments[0], &files, NULL, arguments, environ) == 0) {
    p->to = fdopen(to[1], "w");
    p->from = fdopen(from[0], "r");
  }
  posix_spawn_file_actions_destroy(&files);
}

static void start(struct python *p)
{
  int to[2], from[2];
  p->is_tried = true;
  if (pipe(to) == 0 && pipe(from) == 0) {
    signal(SIGPIPE, SIG_IGN); /* a Python that has died is a peer that is not there */
    spawn(p, to, from);
    close(to[0]);
    close(from[1]);
  }
}

/* The answer, without its first word "ok", or NULL. */
static const char *ask(struct python *p, const char *request, char *answer, int size)
{
  if (p->to == NULL || p->from == NULL || fprintf(p->to, "%s\n", request) < 0 || fflush(p->to) != 0 ||
      fgets(answer, size, p->from) == NULL || strncmp(answer, "ok ", 3) != 0) {
    return NULL;
  }
  return answer + 3;
}

int python_open(struct python *p, const char *workload, const char *tool, uint64_t n)
{
  char request[96], answer[96];
  if (!p->is_tried) {
    start(p);
  }
  (void)snprintf(request, sizeof request, "open %s %s %llu", workload, tool, (unsigned long long)n);
  const char *id = ask(p, request, answer, sizeof answer);
  return id != NULL ? (int)strtol(id, NULL, 10) : -1;
}

static void call_python(void *self, size_t times)
{
  python_call *call = self;
  call->took_ns = python_run(call->python, call->id, times);
}

static double took_python(void *self)
{
  return ((const python_call *)self)->took_ns;
}

bool python_prepare(struct python *p, python_call *call, const char *const names[3], uint64_t n, timed *out)
{
  *call = (python_call){p, python_open(p, names[1], names[2], n), 0};
  *out = (timed){.work = call_python, .self = call, .took_ns = took_python};
  if (call->id < 0) {
    note(names[0], names[2], "not on this machine, or no Python that has it");
  }
  return call->id >= 0;
}

void python_close_all(struct python *p)
{
  char answer[96];
  (void)ask(p, "close", answer, sizeof answer);
}

double python_run(struct python *p, int id, size_t times)
{
  char request[96], answer[96];
  (void)snprintf(request, sizeof request, "run %d %zu", id, times);
  const char *took = ask(p, request, answer, sizeof answer);
  demand(took != NULL, "peers.py has failed");
  return strtod(took, NULL);
}

void python_fetch(struct python *p, int id, void *out, size_t bytes)
{
  char request[96], answer[96];
  (void)snprintf(request, sizeof request, "fetch %d", id);
  const char *size = ask(p, request, answer, sizeof answer);
  demand(size != NULL && strtoull(size, NULL, 10) == bytes && fread(out, 1, bytes, p->from) == bytes,
         "peers.py gave another result than was asked for");
}

void python_free(struct python *p)
{
  if (p->to != NULL && p->from != NULL) {
    fclose(p->to); /* the end of its input ends it */
    fclose(p->from);
    (void)waitpid(p->pid, NULL, 0);
  }
  free(p);
}
