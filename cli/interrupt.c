/* interrupt.c: a command that is interrupted leaves no temporary files behind, and ends as any other program would. */
#define _XOPEN_SOURCE 700
#include "cli.h"

#include <signal.h>

/* Whatever thread it runs in: only calls that a handler may make. */
static void end(int number)
{
  file_abandon();
  signal(number, SIG_DFL);
  raise(number);
}

void catch_interrupts(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  struct sigaction action = {.sa_handler = end};
  sigemptyset(&action.sa_mask);
  for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
    struct sigaction old;
    bool is_ignored = sigaction(numbers[k], NULL, &old) == 0 && old.sa_handler == SIG_IGN; /* as nohup does */
    if (!is_ignored) sigaction(numbers[k], &action, NULL);
  }
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write, not the end of the process */
}
