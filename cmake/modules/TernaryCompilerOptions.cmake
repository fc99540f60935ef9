# Flags for everything in the project: compiler cache, warnings, assertions, sanitizers, linker.

include(CheckLinkerFlag)

# The floating-point results are specified to the bit: a*b+c is never contracted behind our back.
add_compile_options(-Wall -Wextra -ffp-contract=off)

# Not CMAKE_POSITION_INDEPENDENT_CODE: it gives programs -fPIE, and these could then not share the
# libraries' precompiled headers.
add_compile_options(-fPIC)

# Clang warns of libstdc++ 12's own std::stable_sort, system header or not.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-deprecated-declarations>)
if(TERNARY_ENABLE_WERROR)
  add_compile_options(-Werror)
endif()

if(TERNARY_ENABLE_ASSERTIONS)
  add_compile_options(-UNDEBUG)
endif()

if(TERNARY_SANITIZE)
  set(TERNARY_SANITIZE_FLAGS
    -fsanitize=${TERNARY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # MLIR is not built with UBSan's run-time type information for every class we derive from.
  list(APPEND TERNARY_SANITIZE_FLAGS -fno-sanitize=vptr,function)
  add_compile_options(${TERNARY_SANITIZE_FLAGS} -gline-tables-only)
  add_link_options(${TERNARY_SANITIZE_FLAGS})
endif()

# lld links in a fraction of the time; take the one that belongs to our LLVM.
find_program(TERNARY_LLD ld.lld HINTS ${LLVM_TOOLS_BINARY_DIR})
mark_as_advanced(TERNARY_LLD)
if(TERNARY_LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(--ld-path=${TERNARY_LLD})
endif()

# ccache can serve precompiled headers when it may ignore their time stamps and -D differences.
find_program(TERNARY_CCACHE ccache)
mark_as_advanced(TERNARY_CCACHE)
if(TERNARY_ENABLE_CCACHE AND TERNARY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${TERNARY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
