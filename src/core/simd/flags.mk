# Machine flags, for the translation units that need them and for no other. CMakeLists.txt has the same list.
SIMD_FLAGS = -O3 -ffp-contract=off -fno-exceptions
src/core/simd/%.o: override CXXFLAGS += $(SIMD_FLAGS)

ifeq ($(shell $(CXX) -dumpmachine | cut -d- -f1),x86_64)
src/core/simd/float_avx2.o: override CXXFLAGS += -mavx2 -mfma
src/core/simd/float_avx512.o: override CXXFLAGS += -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl -mfma
endif
