/* lang.h: what the stages of the front end share while one program is checked: its memory, its files, the names that
 * occur in it, each a number, and the messages so far.
 *
 * Nothing here returns NOMEM: a failed allocation sets memory->failed, which lang_check looks at between stages, and
 * leaves everything safe to walk. */
#ifndef TG_LANG_LANG_H
#define TG_LANG_LANG_H

#include "base/symtab.h"
#include "base/text.h"
#include "graph/graph.h"
#include "lang/program.h"

typedef enum lang_code {
#define LANG_ERROR(id, ...) LANG_##id,
#define LANG_WARNING(id, ...) LANG_##id,
#include "lang/errors.def"
  LANG_CODE_COUNT
} lang_code;

typedef struct lang_code_info {
  const char *code, *message, *hint;
} lang_code_info;
extern const lang_code_info lang_code_table[LANG_CODE_COUNT];

enum { LANG_MAX_MESSAGES = 200, LANG_MAX_NEST = 200, LANG_MAX_TREE = 1000, LANG_MAX_FILES = 1024 };

/* The names of a program by number; 0 is no name. */
typedef struct lang_names {
  symtab numbers;
  VEC(const char *) texts; /* in the program's arena */
} lang_names;

typedef struct lang {
  tg_context *context;
  program *p;
  arena *memory;
  const lang_loader *loader;
  lang_names names;
  VEC(lang_file) files;
  VEC(lang_message) messages;
  uint32_t n_errors;
} lang;

/* The number of a name; 0 when there is no memory. */
uint32_t lang_name(lang *l, const char *s, size_t n);
/* Its number if it occurs in the program, else 0. */
uint32_t lang_name_find(const lang *l, const char *s);
static inline const char *lang_name_text(const lang *l, uint32_t name)
{
  return name < l->names.texts.n ? l->names.texts.data[name] : "";
}

/* Adds an error or warning. The arguments, each NULL if there is none, fill {0} to {3}; they are cut where they are
 * long. After LANG_MAX_MESSAGES nothing more is kept. */
typedef struct lang_args {
  const char *a[4];
} lang_args;
void lang_report(lang *l, lang_code code, lang_pos pos, lang_args args);
#define LANG_REPORT(l, code, pos, ...) lang_report((l), (code), (pos), (lang_args){{__VA_ARGS__}})

/* Orders the messages by place and gives them to the program. */
void lang_messages_finish(lang *l);

/* Text in the program's arena, at most 511 bytes; "" when there is no memory. */
const char *lang_format(lang *l, const char *format, ...) PRINTF_LIKE(2, 3);

/* "1 argument", "3 arguments" */
const char *lang_count(lang *l, size_t n, const char *noun);

#endif
