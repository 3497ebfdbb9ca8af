#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/util/error.h"
#include "tests/catch.h"
#include "tests/experiments/store/synthetic_sweep.h"

using namespace herosweep;
using namespace herosweep::test;
using store::Store;

namespace {

std::string refusal(const std::filesystem::path& file, Store::Mode mode) {
  try {
    Store store(file, mode);
  } catch (const StoreError& e) {
    return e.what();
  }
  return "";
}

std::string source_file(const std::string& path) {
  std::ifstream in(std::string(HEROSWEEP_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

constexpr auto kRead = Store::Mode::read_only;
constexpr auto kWrite = Store::Mode::read_write;

}  // namespace

TEST_CASE("a new database is in WAL mode, at the newest version, with foreign keys") {
  const TemporaryFolder folder;
  Store store(folder / "new.db", kWrite);
  CHECK(query_text(store, "PRAGMA journal_mode") == "wal");
  CHECK(query_text(store, "PRAGMA foreign_keys") == "1");
  CHECK(query_text(store, "PRAGMA user_version") == "5");
  CHECK(query_text(store, "PRAGMA integrity_check") == "ok");
  CHECK_THROWS(store.database().exec("INSERT INTO sweep_tasks VALUES (7, 0, 't', 'm', '{}')"));
}

TEST_CASE("what was written is there after opening again") {
  const TemporaryFolder folder;
  const auto file = folder / "again.db";
  const sweep::Sweep sweep = small_sweep();
  Store(file, kWrite).begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  Store writer(file, kWrite);
  CHECK(writer.state(sweep.trials[3].trial_hash) == store::TrialState::planned);
  Store reader(file, kRead);  // beside an open writer
  CHECK(query_text(reader, "SELECT name FROM sweeps") == "small");
  CHECK_THROWS_AS(reader.mark_running({sweep.trials[3].trial_hash}), StoreError);
}

TEST_CASE("a database of an older version is brought to the newest") {
  const TemporaryFolder folder;
  const auto file = folder / "old.db";
  {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(source_file("experiments/store/migrations/0001_tables.sql"));
    db.exec("PRAGMA user_version = 1; PRAGMA application_id = 0x48535750");
    db.exec("INSERT INTO plans VALUES ('abc', '{}', '{}', 'integer', 1)");
  }
  CHECK_THAT(refusal(file, kRead), ContainsSubstring("upgrades it"));
  Store store(file, kWrite);
  CHECK(query_text(store, "PRAGMA user_version") == "5");
  CHECK(query_text(store, "SELECT plan_hash FROM plans") == "abc");
  CHECK(query_text(store, "SELECT count(*) FROM v_results") == "0");
}

TEST_CASE("a migration that fails leaves the file as it was") {
  const TemporaryFolder folder;
  const auto file = folder / "half.db";
  {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    // The second view of the migration cannot be made, the first one must not stay behind.
    db.exec(
        "CREATE TABLE v_latency (a); PRAGMA user_version = 1; PRAGMA application_id = "
        "0x48535750");
  }
  CHECK_THAT(refusal(file, kWrite), ContainsSubstring("the file is unchanged"));
  SQLite::Database db(file.string(), SQLite::OPEN_READONLY);
  CHECK(db.execAndGet("PRAGMA user_version").getInt() == 1);
  CHECK(db.execAndGet("SELECT count(*) FROM sqlite_schema WHERE type = 'view'").getInt() == 0);
}

TEST_CASE("files that cannot be used are refused with a reason and a remedy") {
  const TemporaryFolder folder;
  const auto file = folder / "some.db";
  SECTION("missing folder") {
    CHECK_THAT(refusal(folder / "no/such.db", kWrite), ContainsSubstring("mkdir -p"));
  }
  SECTION("missing file") {
    CHECK_THAT(refusal(file, kRead), ContainsSubstring("herosweep run"));
    CHECK_FALSE(std::filesystem::exists(file));
  }
  SECTION("a folder") {
    CHECK_THAT(refusal(folder.path(), kWrite), ContainsSubstring("is a folder"));
  }
  SECTION("empty file") {
    std::ofstream(file).close();
    CHECK_THAT(refusal(file, kRead), ContainsSubstring("is empty"));
    CHECK(refusal(file, kWrite).empty());
  }
  SECTION("not a database") {
    std::ofstream(file) << std::string(5000, 'x');
    CHECK_THAT(refusal(file, kRead), ContainsSubstring("is not a SQLite database"));
    CHECK_THAT(refusal(file, kWrite), ContainsSubstring("is not a SQLite database"));
  }
  SECTION("another program's database") {
    SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE songs (title)");
    CHECK_THAT(refusal(file, kWrite), ContainsSubstring("of another program"));
  }
  SECTION("newer version") {
    Store(file, kWrite).database().exec("PRAGMA user_version = 99");
    CHECK_THAT(refusal(file, kRead), ContainsSubstring("schema version 99"));
    CHECK_THAT(refusal(file, kWrite), ContainsSubstring("use the newer program"));
  }
  SECTION("damaged pages") {
    { Store(file, kWrite); }
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(100);
    out << std::string(4000, '\xff');
    out.close();
    CHECK_THAT(refusal(file, kWrite), ContainsSubstring("damaged"));
  }
}

TEST_CASE("a database in a read-only folder can be read and not written") {
  const TemporaryFolder folder;
  const auto file = folder / "kept.db";
  { Store(file, kWrite); }
  using std::filesystem::perms;
  std::filesystem::permissions(folder.path(), perms(0555));
  std::filesystem::permissions(file, perms(0444));
  // The superuser may write everywhere, so the test steps down to nobody for a moment.
  const bool superuser = geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  if (superuser) REQUIRE(setresuid(kNobody, kNobody, 0) == 0);
  const std::string reading = refusal(file, kRead);
  const std::string writing = refusal(file, kWrite);
  if (superuser) REQUIRE(setresuid(0, 0, 0) == 0);
  CHECK(reading.empty());
  CHECK_THAT(writing, ContainsSubstring("read-only"));
}
