# LibTorch from the Python package `torch`, linked by path: its own CMake package insists on a CUDA toolkit when the
# wheel was built for CUDA, and only the CPU libraries are used here. Defines the target herosweep::torch.
if(NOT EXISTS "${HEROSWEEP_PYTHON}")
  message(FATAL_ERROR "No Python at ${HEROSWEEP_PYTHON}. Run `make setup`, or set -DHEROSWEEP_PYTHON=/path/to/python "
                      "of an environment with torch.")
endif()
execute_process(COMMAND "${HEROSWEEP_PYTHON}" -c
    "import importlib.util, sysconfig; print(importlib.util.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE HEROSWEEP_TORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE torch_missing)
if(torch_missing)
  message(FATAL_ERROR "${HEROSWEEP_PYTHON} has no torch. Run `make setup`.")
endif()
get_filename_component(site_packages "${HEROSWEEP_TORCH_ROOT}" DIRECTORY)
file(GLOB cuda_runtime_dirs "${site_packages}/nvidia/*/lib")

add_library(herosweep_torch INTERFACE)
add_library(herosweep::torch ALIAS herosweep_torch)
# Searched last: the wheel carries copies of fmt and others, of other versions than the system's libraries.
target_compile_options(herosweep_torch INTERFACE
    "SHELL:-idirafter ${HEROSWEEP_TORCH_ROOT}/include"
    "SHELL:-idirafter ${HEROSWEEP_TORCH_ROOT}/include/torch/csrc/api/include")
# Flags rather than paths: the wheel carries a libgomp.so.1 of its own, which CMake would warn about.
target_link_options(herosweep_torch INTERFACE "-L${HEROSWEEP_TORCH_ROOT}/lib"
                    "-Wl,-rpath,${HEROSWEEP_TORCH_ROOT}/lib")
target_link_libraries(herosweep_torch INTERFACE -ltorch_cpu -lc10)
# libtorch_cpu.so wants the CUDA runtime's libraries at link time where no toolkit provides them.
foreach(dir IN LISTS cuda_runtime_dirs)
  target_link_options(herosweep_torch INTERFACE "-Wl,-rpath-link,${dir}")
endforeach()
