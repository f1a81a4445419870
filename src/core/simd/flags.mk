# Machine flags, for the translation units that need them and for no other. CMakeLists.txt has the same list.
ifeq ($(SANITIZE),)
SIMD_OPTIMIZATION = -O3
else
# With a check of every inlined reference these files take minutes and gigabytes to compile; addresses outside of the
# vectors are what the unit tests' guard pages are for.
SIMD_OPTIMIZATION = -O1 -fno-sanitize=null,alignment,object-size -fno-sanitize-address-use-after-scope
endif
src/core/simd/%.o: override CXXFLAGS += $(SIMD_OPTIMIZATION) -ffp-contract=off -fno-exceptions

ifeq ($(shell $(CXX) -dumpmachine | cut -d- -f1),x86_64)
AVX2_FLAGS = -mavx2 -mfma -mf16c -mpopcnt
# GCC 12's own header reads variables that it leaves undefined on purpose (GCC bug 105593).
AVX512_FLAGS = $(AVX2_FLAGS) -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl -Wno-uninitialized -Wno-maybe-uninitialized
src/core/simd/float_avx2.o src/core/simd/matrix_avx2.o: override CXXFLAGS += $(AVX2_FLAGS)
src/core/simd/float_avx512.o src/core/simd/matrix_avx512.o: override CXXFLAGS += $(AVX512_FLAGS)
src/core/simd/codes_avx2.o: override CXXFLAGS += $(AVX2_FLAGS)
src/core/simd/codes_avx512_vnni.o: override CXXFLAGS += $(AVX512_FLAGS) -mavx512vnni
src/core/simd/bits_popcnt.o: override CXXFLAGS += -mpopcnt
src/core/simd/bits_avx512_vpopcntdq.o: override CXXFLAGS += $(AVX512_FLAGS) -mavx512vpopcntdq
endif
