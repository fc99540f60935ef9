# How the project declares its libraries, tools and unit tests.
#
# Two kinds of targets:
#  * The default kind uses LLVM and MLIR. It links libMLIR.so and libLLVM.so, only ever these:
#    a second, static copy in the same process would register every dialect and option twice.
#  * NO_LLVM: plain C/C++. The runtime and the tools that ship to a device.

# Adds each directory that holds a CMakeLists.txt.
function(ternary_add_subdirectories)
  foreach(dir ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
      add_subdirectory(${dir})
    endif()
  endforeach()
endfunction()

# The one place that says what it takes to use LLVM and MLIR.
add_library(TernaryMLIR INTERFACE)
target_link_libraries(TernaryMLIR INTERFACE MLIR LLVM)
target_compile_features(TernaryMLIR INTERFACE cxx_std_17)
target_include_directories(TernaryMLIR SYSTEM INTERFACE # an installed one: TernaryConfig.cmake
  $<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS}> $<BUILD_INTERFACE:${MLIR_INCLUDE_DIRS}>)
separate_arguments(TERNARY_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(TernaryMLIR INTERFACE ${TERNARY_LLVM_DEFINITIONS})
set_target_properties(TernaryMLIR PROPERTIES EXPORT_NAME MLIR)
add_library(Ternary::MLIR ALIAS TernaryMLIR)
set_property(GLOBAL APPEND PROPERTY TERNARY_COMPILER_EXPORTS TernaryMLIR)

# Flags with which we compile against LLVM, but which a user of our libraries may choose otherwise.
set(TERNARY_LLVM_COMPILE_OPTIONS
  -Wno-unused-parameter # patterns and interface methods have fixed signatures
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
if(TERNARY_ENABLE_ASSERTIONS AND NOT LLVM_ENABLE_ASSERTIONS)
  list(APPEND TERNARY_LLVM_COMPILE_OPTIONS
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/TernaryAssertions.h>")
endif()

# ternary_precompile_mlir(NAME)
#
# Precompiles the headers of MLIR for a target, and for others by REUSE_FROM. Without times of files
# in it, ccache may take the result from an earlier build of the same sources.
function(ternary_precompile_mlir name)
  target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/TernaryPCH.h)
endfunction()

# One set of them for all C++ sources that use MLIR.
if(TERNARY_ENABLE_PCH)
  file(WRITE ${PROJECT_BINARY_DIR}/pch/pch.cpp.in "// Holds the precompiled headers.\n")
  configure_file(${PROJECT_BINARY_DIR}/pch/pch.cpp.in ${PROJECT_BINARY_DIR}/pch/pch.cpp COPYONLY)
  add_library(TernaryPCH OBJECT ${PROJECT_BINARY_DIR}/pch/pch.cpp)
  target_link_libraries(TernaryPCH PRIVATE TernaryMLIR)
  target_compile_options(TernaryPCH PRIVATE ${TERNARY_LLVM_COMPILE_OPTIONS})
  ternary_precompile_mlir(TernaryPCH)
endif()

function(_ternary_configure_target name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_LLVM" "" "DEPENDS;LINK_LIBS")
  foreach(lib ${ARG_LINK_LIBS})
    if(lib MATCHES "^(MLIR|LLVM).+" AND TARGET ${lib})
      message(FATAL_ERROR
        "${name} links ${lib}, a static archive: libMLIR.so and libLLVM.so are linked already and "
        "contain it; leave it out")
    endif()
  endforeach()
  get_target_property(type ${name} TYPE)
  set(scope PRIVATE)
  if(type STREQUAL "STATIC_LIBRARY" OR type STREQUAL "SHARED_LIBRARY")
    set(scope PUBLIC)
  endif()
  target_include_directories(${name} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} ${scope} ${ARG_LINK_LIBS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(NOT ARG_NO_LLVM)
    target_link_libraries(${name} ${scope} TernaryMLIR)
    target_compile_options(${name} PRIVATE ${TERNARY_LLVM_COMPILE_OPTIONS})
    add_dependencies(${name} mlir-headers mlir-generic-headers)
    if(TERNARY_ENABLE_PCH)
      target_precompile_headers(${name} REUSE_FROM TernaryPCH)
    endif()
  endif()
endfunction()

# add_ternary_library(NAME source... [NO_LLVM] [DEPENDS target...] [LINK_LIBS target...])
#
# A static library, installed and exported as Ternary::NAME (without a leading "Ternary"). It may
# use all of MLIR and waits for all generated headers; name in LINK_LIBS only our own libraries.
function(add_ternary_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_LLVM" "" "DEPENDS;LINK_LIBS")
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  _ternary_configure_target(${name} ${ARGN})
  string(REGEX REPLACE "^Ternary" "" export_name ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${export_name})
  add_library(Ternary::${export_name} ALIAS ${name})
  if(ARG_NO_LLVM)
    set_property(GLOBAL APPEND PROPERTY TERNARY_RUNTIME_EXPORTS ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY TERNARY_COMPILER_EXPORTS ${name})
  endif()
endfunction()

# add_ternary_tool(NAME source... [NO_LLVM] [DEPENDS target...] [LINK_LIBS target...])
#
# A program in bin/, installed.
function(add_ternary_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_LLVM" "" "DEPENDS;LINK_LIBS")
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  _ternary_configure_target(${name} ${ARGN})
  target_compile_definitions(${name} PRIVATE TERNARY_VERSION="${PROJECT_VERSION}")
  set_property(GLOBAL APPEND PROPERTY TERNARY_TOOLS ${name})
endfunction()

# add_ternary_unittest(NAME source... [NO_LLVM] [LINK_LIBS target...])
#
# A GoogleTest program. `NAME` ends in "Tests": that is how lit finds it in the build folder.
function(add_ternary_unittest name)
  if(NOT name MATCHES "Tests$")
    message(FATAL_ERROR "the unit test ${name} must have a name that ends in Tests")
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_LLVM" "" "DEPENDS;LINK_LIBS;LIBS")
  set(llvm)
  if(ARG_NO_LLVM)
    set(llvm NO_LLVM)
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  _ternary_configure_target(${name} ${llvm}
    DEPENDS ${ARG_DEPENDS} LINK_LIBS ${ARG_LINK_LIBS} ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  target_compile_definitions(${name} PRIVATE
    TERNARY_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_property(GLOBAL APPEND PROPERTY TERNARY_UNITTESTS ${name})
endfunction()
