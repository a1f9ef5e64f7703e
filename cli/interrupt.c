/* interrupt.c: a command that is interrupted leaves no temporary files behind, and ends as any other program would. A
 * run ends in order instead: it is told (interrupt_pending), ends its lanes at the next window and keeps what it has.
 */
#define _XOPEN_SOURCE 700
#include "cli.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* The handler runs in any thread; these never lock. */
static atomic_int is_deferred, says_so, pending;

/* Whatever thread it runs in: only calls that a handler may make. */
static void end(int number)
{
  file_abandon();
  signal(number, SIG_DFL);
  raise(number);
}

static void note(int number)
{
  static const char text[] = "\r\033[Kstopping after this window; once more ends it at once\n";
  pending = number;
  if (says_so && write(STDERR_FILENO, text, sizeof text - 1) < 0) says_so = 0;
}

static void receive(int number)
{
  if (is_deferred && pending == 0 && (number == SIGINT || number == SIGTERM)) {
    note(number);
  } else {
    end(number);
  }
}

void catch_interrupts(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  struct sigaction action = {.sa_handler = receive, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
    struct sigaction old;
    bool is_ignored = sigaction(numbers[k], NULL, &old) == 0 && old.sa_handler == SIG_IGN; /* as nohup does */
    if (!is_ignored) sigaction(numbers[k], &action, NULL);
  }
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write, not the end of the process */
}

void interrupts_defer(bool quiet)
{
  says_so = !quiet && isatty(STDERR_FILENO);
  is_deferred = 1;
}

bool interrupt_pending(void)
{
  return pending != 0;
}

void interrupt_obey(void)
{
  if (pending) end(pending);
}
