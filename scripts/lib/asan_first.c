/*
 * Makes AddressSanitizer set itself up before the constructor of any library runs: preloaded after libasan, and linked
 * with -z initfirst. Otherwise it does so in the first malloc(), and on Debian 12 that is in bindtextdomain(), which
 * libgpg-error's constructor calls: what fails to be found by dlsym() meanwhile is reported through dcgettext(), which
 * gives back the lock that bindtextdomain() holds. The server's own bindtextdomain() then waits for ever.
 */
#include <stdlib.h>

static __attribute__((constructor)) void set_up(void) {
    void *volatile memory = malloc(1);
    free(memory);
}
