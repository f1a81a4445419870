// Whether mutation N is on trial: put before each source that `apply` has changed.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

inline bool mutant(int number) {
    static const int wanted = std::getenv("MUTANT") != nullptr ? std::atoi(std::getenv("MUTANT")) : 0;
    if (number != wanted) return false;
    // A mutation that a test does not come to says nothing about the test.
    static bool reached = false;
    const char* file = std::getenv("MUTANT_REACHED");
    if (!reached && file != nullptr) {
        int descriptor = open(file, O_CREAT | O_WRONLY, 0666);
        if (descriptor >= 0) close(descriptor);
        reached = true;
    }
    return true;
}
