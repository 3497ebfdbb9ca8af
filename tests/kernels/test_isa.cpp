#include <cstdlib>
#include <string>

#include "kernels/cpu/isa.h"
#include "tests/catch.h"

namespace herosweep::kernels {
namespace {

struct ForcedIsa {
  explicit ForcedIsa(const char* name) { setenv("HEROSWEEP_CPU_ISA", name, 1); }
  ~ForcedIsa() { unsetenv("HEROSWEEP_CPU_ISA"); }
};

TEST_CASE("HEROSWEEP_CPU_ISA=portable forces the portable instruction set", "[isa]") {
  const ForcedIsa forced("portable");
  CHECK(cpu::detect_isa() == cpu::Isa::portable);
}

TEST_CASE("an unknown HEROSWEEP_CPU_ISA is refused by name", "[isa]") {
  const ForcedIsa forced("sse9");
  CHECK_THROWS_WITH(cpu::detect_isa(), ContainsSubstring("sse9") && ContainsSubstring("portable"));
}

TEST_CASE("backends name the instruction set that they run on", "[isa]") {
  CHECK(std::string(cpu::backend_for(cpu::Isa::portable).isa) == "portable");
  CHECK(std::string(cpu::backend_for(cpu::Isa::avx512_vnni).isa) == "avx512-vnni");
  CHECK(std::string(cpu_backend().name) == "cpu");
  CHECK(cpu_backend().isa == cpu::backend_for(cpu::detect_isa()).isa);
}

}  // namespace
}  // namespace herosweep::kernels
