# `cmake --install`: tools, headers, libraries and the package for find_package(Ternary).
#
# The package has two halves, so that a program for a device does not need LLVM to be configured:
#   find_package(Ternary COMPONENTS Runtime)    the NO_LLVM libraries
#   find_package(Ternary)                       these and the compiler's libraries

include(CMakePackageConfigHelpers)

set(TERNARY_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Ternary)

get_property(tools GLOBAL PROPERTY TERNARY_TOOLS)
if(tools)
  install(TARGETS ${tools} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

get_property(plugins GLOBAL PROPERTY TERNARY_PLUGINS)
if(plugins)
  install(TARGETS ${plugins} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

set(TERNARY_PACKAGE_COMPONENTS)
foreach(component Runtime Compiler)
  string(TOUPPER TERNARY_${component}_EXPORTS exports)
  get_property(libraries GLOBAL PROPERTY ${exports})
  if(libraries)
    list(APPEND TERNARY_PACKAGE_COMPONENTS ${component})
    install(TARGETS ${libraries} EXPORT Ternary${component}Targets
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT Ternary${component}Targets NAMESPACE Ternary::
      DESTINATION ${TERNARY_PACKAGE_DIR})
  endif()
endforeach()

foreach(dir include/ternary include/ternary-c runtime/include/ternary)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${dir})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${dir} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
      FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.def")
  endif()
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/ternary DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.inc" PATTERN "*.h" PATTERN "CMakeFiles" EXCLUDE)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/TernaryConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/TernaryConfig.cmake
  INSTALL_DESTINATION ${TERNARY_PACKAGE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/TernaryConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/TernaryConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/TernaryConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/modules/FindSentencePiece.cmake
  DESTINATION ${TERNARY_PACKAGE_DIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
