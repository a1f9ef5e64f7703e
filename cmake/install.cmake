# Install rules: header, libraries, command, pkg-config file, CMake package, man page, licence.
include(CMakePackageConfigHelpers)

install(FILES ${PROJECT_SOURCE_DIR}/include/throng.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS throng_shared throng_static EXPORT ThrongTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET throng_command)
  install(TARGETS throng_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${PROJECT_SOURCE_DIR}/docs/throng.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Throng)
install(EXPORT ThrongTargets NAMESPACE Throng:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ThrongConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/ThrongConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/ThrongConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ThrongConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/ThrongConfigVersion.cmake
  DESTINATION ${package_dir})

# The pkg-config file finds its prefix from its own place, so the tree may be installed or moved anywhere.
file(RELATIVE_PATH TG_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" TG_PC_PREFIX ${TG_PC_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/throng.pc.in ${CMAKE_CURRENT_BINARY_DIR}/throng.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/throng.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
