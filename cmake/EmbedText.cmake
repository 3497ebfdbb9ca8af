# herosweep_embed_text(TARGET NAMESPACE FILE...): an object library TARGET that holds each FILE's text as
# `extern const std::string_view NAMESPACE::text_<file name, other characters than letters and digits as _>`.
# The programs then need no data files beside them. The same file is the script that the build runs.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" text)
  file(WRITE "${OUTPUT}" "#include <string_view>\nnamespace ${NAMESPACE} {\n"
       "extern const std::string_view ${SYMBOL};\n"
       "const std::string_view ${SYMBOL} = R\"embedded(${text})embedded\";\n}\n")
  return()
endif()

set(HEROSWEEP_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
function(herosweep_embed_text target namespace)
  set(generated)
  foreach(file IN LISTS ARGN)
    get_filename_component(name "${file}" NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol "text_${name}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp")
    set(input "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    add_custom_command(OUTPUT "${output}" DEPENDS "${input}" "${HEROSWEEP_EMBED_SCRIPT}" VERBATIM
        COMMAND "${CMAKE_COMMAND}" "-DINPUT=${input}" "-DOUTPUT=${output}" "-DSYMBOL=${symbol}"
                "-DNAMESPACE=${namespace}" -P "${HEROSWEEP_EMBED_SCRIPT}")
    list(APPEND generated "${output}")
  endforeach()
  add_library(${target} OBJECT ${generated})
  target_link_libraries(${target} PRIVATE herosweep_defaults)
endfunction()
