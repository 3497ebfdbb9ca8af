# Every dependency of the project, found here and nowhere else.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
include(LibTorch)
if(HEROSWEEP_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

# yaml-cpp exports a namespaced target only from 0.8 on.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# Programs that run on machines of the same architecture without this machine's libraries (glibc 2.36 or newer):
# archives where distributions version libraries differently, header-only fmt, Google Benchmark beside the programs.
# LibTorch comes from the Python environment there: cmake/with_torch.sh.
option(HEROSWEEP_PORTABLE "Build programs that run where no -dev packages are" OFF)
if(HEROSWEEP_PORTABLE)
  find_package(SQLite3 REQUIRED)
  foreach(library yaml-cpp sqlite3)
    find_library(${library}_archive lib${library}.a REQUIRED)
  endforeach()
  set_target_properties(yaml-cpp PROPERTIES IMPORTED_LOCATION "${yaml-cpp_archive}" IMPORTED_LOCATION_NONE
                        "${yaml-cpp_archive}")
  set_target_properties(SQLite::SQLite3 PROPERTIES IMPORTED_LOCATION "${sqlite3_archive}")
  # Without calls into it, --as-needed drops the shared library.
  target_compile_definitions(herosweep_defaults INTERFACE FMT_HEADER_ONLY)
  if(HEROSWEEP_BENCHMARKS)
    file(GLOB benchmark_library /usr/lib/*/libbenchmark.so.1*)
    file(COPY ${benchmark_library} DESTINATION "${CMAKE_BINARY_DIR}/lib")
    set(CMAKE_BUILD_RPATH "$ORIGIN/lib;$ORIGIN/../../lib")
  endif()
endif()
