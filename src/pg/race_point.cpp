#include "pg/race_point.h"

#ifdef VECTORX_RACE_POINTS

#include <cstdio>

#include "pg/postgres.h"

extern "C" {
#include <miscadmin.h>
#include <unistd.h>
}

namespace vectorx::pg {

void race_point(const char* name) {
    char wanted[MAXPGPATH];
    char reached[MAXPGPATH];
    snprintf(wanted, sizeof(wanted), "race/%s", name);
    snprintf(reached, sizeof(reached), "race/%s.reached", name);
    if (rename(wanted, reached) != 0) return;
    while (access(reached, F_OK) == 0) {
        CHECK_FOR_INTERRUPTS();
        pg_usleep(1000);
    }
}

}  // namespace vectorx::pg

#endif
