#include "core/util/sha256.h"
#include "tests/catch.h"

using namespace herosweep::util;

TEST_CASE("SHA-256 gives the published digests") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("SHA-256 in pieces equals SHA-256 of the whole") {
  CHECK(Sha256().update("a").update("bc").hex() == sha256("abc"));
}
