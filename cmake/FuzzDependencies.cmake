# What the readers under fuzz need: neither OpenMP nor LibTorch, which clang has no part in.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "HEROSWEEP_FUZZ needs clang: apt-get install clang, then -DCMAKE_CXX_COMPILER=clang++")
endif()
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
# yaml-cpp exports a namespaced target only from 0.8 on.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
