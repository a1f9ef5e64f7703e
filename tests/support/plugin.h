/* plugin.h: for tests that need the back-end llvm. */
#ifndef TEST_PLUGIN_H
#define TEST_PLUGIN_H

/* Skips the test that calls, saying why, unless the plug-in can be used; it is looked for in the build folder,
 * TG_BUILD.
 */
void plugin_need(void);

#endif
