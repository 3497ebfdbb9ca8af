#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/util/environment.h"
#include "tests/catch.h"

using namespace herosweep;

TEST_CASE("The environment block tells machine, build and source") {
  const nlohmann::json block = util::environment({{"sqlite", "3.40.1"}});
  for (const char* key : {"version", "host", "kernel", "cpu", "compiler", "build_type"}) {
    INFO(key);
    REQUIRE(block.at(key).is_string());
    CHECK_FALSE(block.at(key).get<std::string>().empty());
  }
  CHECK(block.at("boot_id").get<std::string>().size() == 36);
  CHECK(block.at("processors").get<int>() >= 1);
  CHECK(block.at("memory_bytes").get<int64_t>() > 100'000'000);
  CHECK(block.at("libraries").at("sqlite") == "3.40.1");
  CHECK(block.at("libraries").contains("fmt"));
  CHECK((block.at("clock_mhz").is_null() || block.at("clock_mhz") > 100.0));
}

TEST_CASE("The block's source fields agree with each other") {
  const nlohmann::json block = util::environment();
  if (block.at("git_seen") == "run") {
    CHECK(block.at("git_sha").get<std::string>().size() == 40);
    CHECK(block.at("diff_hash").is_string() == block.at("git_dirty").get<bool>());
  } else {
    CHECK(block.at("git_dirty").is_null());
    CHECK(block.at("diff_hash").is_null());
  }
}

TEST_CASE("The compiler and the kernel agree on the processor's flags") {
  const auto flags = util::processor_flags({"avx512f", "no_such_flag", "avx2"});
  const auto has = [&](const char* flag) {
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
  };
  CHECK(has("avx2") == (__builtin_cpu_supports("avx2") != 0));
  CHECK(has("avx512f") == (__builtin_cpu_supports("avx512f") != 0));
  CHECK_FALSE(has("no_such_flag"));
}
