/* module.h: constants of binary modules, docs/spec.md chapter 10, that its reader and its writer share. */
#ifndef TG_GRAPH_MODULE_H
#define TG_GRAPH_MODULE_H

enum { MODULE_VERSION = 1, MODULE_MAGIC_BYTES = 4 };

/* "TGB" and a byte that no text has. */
static const char module_magic[MODULE_MAGIC_BYTES] = {'T', 'G', 'B', 0x1A};

#endif
