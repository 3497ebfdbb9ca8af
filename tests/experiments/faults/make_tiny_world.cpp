// Writes the tiny model, data and tasks of the tests into a folder: make_tiny_world FOLDER
#include <cstdio>
#include <filesystem>

#include "tests/experiments/measure/tiny_world.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: herosweep_tiny_world FOLDER\n", stderr);
    return 2;
  }
  const herosweep::test::TinyWorld world;
  std::filesystem::copy(world.folder(), argv[1], std::filesystem::copy_options::recursive);
}
