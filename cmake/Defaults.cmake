# Language, build type, warnings, sanitizers and ccache: the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# The harness is bound by kernels, which ask for -O3 themselves.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(CCACHE ccache)
if(CCACHE)
  # What ccache needs to know to work with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()

# Template-heavy headers are parsed once for each library instead of once for each file.
function(herosweep_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()

# One interface target carries warnings and sanitizers; every target of the project links it.
add_library(herosweep_defaults INTERFACE)
target_include_directories(herosweep_defaults INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(herosweep_defaults INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;$<$<BOOL:${HEROSWEEP_WERROR}>:-Werror>>)
# GCC 12 sees overlapping copies in "text" + std::string where there are none (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(herosweep_defaults INTERFACE -Wno-restrict)
endif()

set(HEROSWEEP_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined")
if(HEROSWEEP_SANITIZE)
  target_compile_options(herosweep_defaults INTERFACE -fsanitize=${HEROSWEEP_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(herosweep_defaults INTERFACE -fsanitize=${HEROSWEEP_SANITIZE})
  # GCC's checks hide from it that std::regex sets what it reads (GCC bug 105562).
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(herosweep_defaults INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# A program loads only the libraries that it calls: loading LibTorch takes half a second.
target_link_options(herosweep_defaults INTERFACE -Wl,--as-needed)
