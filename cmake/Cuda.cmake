# CUDA is optional: HEROSWEEP_CUDA is AUTO (where nvcc is), ON (or fail) or OFF. Sets HEROSWEEP_HAVE_CUDA.
set(HEROSWEEP_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO, ON or OFF")
set(HEROSWEEP_HAVE_CUDA FALSE)
if(NOT HEROSWEEP_CUDA STREQUAL OFF)
  # Each file names its own architectures, see herosweep_cuda_sources.
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit 13.0)
  endif()
  if(CMAKE_CUDA_COMPILER AND CUDAToolkit_FOUND)
    set(HEROSWEEP_HAVE_CUDA TRUE)
  elseif(HEROSWEEP_CUDA STREQUAL ON)
    message(FATAL_ERROR "HEROSWEEP_CUDA is ON, but no CUDA toolkit 13.0 or newer was found: put nvcc on PATH, or set "
                        "-DCMAKE_CUDA_COMPILER=/path/to/nvcc")
  endif()
endif()

if(HEROSWEEP_HAVE_CUDA)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  # NDEBUG in every build type: an assert in device code makes ptxas serialize WGMMA (C7510).
  set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} -O3 -DNDEBUG --expt-relaxed-constexpr -lineinfo -Xcompiler=-fPIC,-Wall,-Wextra")
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${CMAKE_CURRENT_LIST_DIR}/refuse_serialized_wgmma.sh")
  if(CCACHE)
    list(APPEND CMAKE_CUDA_COMPILER_LAUNCHER "${CCACHE}")
  endif()
  # Host code of this repository; CUTLASS needs its own headers beside it.
  execute_process(COMMAND "${HEROSWEEP_PYTHON}" -c
      "import importlib.util; print(importlib.util.find_spec('cutlass_library').submodule_search_locations[0])"
      OUTPUT_VARIABLE cutlass_root OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(HEROSWEEP_CUTLASS_INCLUDE "${cutlass_root}/source/include" CACHE PATH "CUTLASS 4.2 headers")
endif()

# herosweep_cuda_sources([TARGET name] ARCH sm_90a|portable SOURCES file...): device code of the target, herosweep_cuda
# unless named.
# portable: machine code for 8.0 (which 8.6 and 8.9 run too) and 9.0, and PTX for everything newer.
function(herosweep_cuda_sources)
  cmake_parse_arguments(PARSE_ARGV 0 CUDA "" "TARGET;ARCH" "SOURCES")
  if(NOT CUDA_TARGET)
    set(CUDA_TARGET herosweep_cuda)
  endif()
  if(CUDA_ARCH STREQUAL portable)
    set(codes -gencode=arch=compute_80,code=[sm_80,compute_80] -gencode=arch=compute_90,code=sm_90)
  else()
    set(codes -gencode=arch=compute_90a,code=sm_90a)
  endif()
  foreach(source IN LISTS CUDA_SOURCES)
    target_sources(${CUDA_TARGET} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/${source}" TARGET_DIRECTORY ${CUDA_TARGET}
                                PROPERTIES COMPILE_OPTIONS "${codes}")
  endforeach()
endfunction()
