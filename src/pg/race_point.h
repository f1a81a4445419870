// Places where a test can stop a backend while others go on (test/t/lib/RaceTest.pm). They are nothing unless the
// extension is built with RACE_POINTS=1.
#pragma once

namespace vectorx::pg {

#ifdef VECTORX_RACE_POINTS
// If the data directory has a file race/NAME, renames it to race/NAME.reached, so that only one backend stops, and
// waits until that is removed. It can be cancelled there unless it holds the lock of a buffer.
void race_point(const char* name);
#else
inline void race_point(const char*) {}
#endif

}  // namespace vectorx::pg
