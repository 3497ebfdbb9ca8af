#include <sqlite3.h>

#include <array>
#include <string_view>

#include "experiments/store/impl.h"

namespace herosweep::store {

// Generated from experiments/store/migrations.
extern const std::string_view text_0001_tables_sql;
extern const std::string_view text_0002_views_sql;
extern const std::string_view text_0003_peers_sql;
extern const std::string_view text_0004_wall_clock_sql;
extern const std::string_view text_0005_pareto_by_order_sql;

namespace {

/// Entry i brings a file from version i to version i + 1. Entries are never changed once released.
std::array<std::string_view, 5> migrations() {
  return {text_0001_tables_sql, text_0002_views_sql, text_0003_peers_sql, text_0004_wall_clock_sql,
          text_0005_pareto_by_order_sql};
}

}  // namespace

int schema_version() { return static_cast<int>(migrations().size()); }

void migrate(SQLite::Database& db, const std::filesystem::path& file) {
  // An up-to-date file is opened without asking for the write lock.
  if (db.execAndGet("PRAGMA user_version").getInt() == schema_version()) return;
  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  // Read under the write lock: another process may have migrated since the file was opened.
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  const auto steps = migrations();
  for (size_t i = version; i < steps.size(); ++i) {
    try {
      db.exec(std::string(steps[i]));
    } catch (const SQLite::Exception& e) {
      // The caller knows what helps.
      if (e.getErrorCode() == SQLITE_FULL || e.getErrorCode() == SQLITE_IOERR) throw;
      throw StoreError(
          fmt::format("{}: cannot be brought from version {} to {}: {}; the file is unchanged",
                      file.string(), i, i + 1, e.what()));
    }
  }
  db.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  db.exec(fmt::format("PRAGMA user_version = {}", steps.size()));
  transaction.commit();
}

}  // namespace herosweep::store
