// What the files of the store share; nobody else includes it.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include "core/util/error.h"
#include "experiments/store/store.h"

namespace herosweep::store {

struct Store::Impl {
  std::filesystem::path file;
  SQLite::Database db;
  std::string claim_token;  // "" while this object holds no claim

  /// Runs `body` in one transaction that takes the write lock at once, so that it cannot fail
  /// half-way for want of a lock.
  template <typename Body>
  auto write(const char* what, Body body) {
    return guarded(what, [&] {
      SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        transaction.commit();
      } else {
        auto result = body();
        transaction.commit();
        return result;
      }
    });
  }

  template <typename Body>
  auto guarded(const char* what, Body body) const -> decltype(body()) {
    try {
      return body();
    } catch (const SQLite::Exception& e) {
      throw StoreError(explain(what, e));
    }
  }

  std::string explain(const char* what, const SQLite::Exception& e) const;
  /// Device of the environment under which this sweep was last begun.
  std::string device_of(const sweep::Sweep& sweep) const;
  int64_t environment_of(int64_t sweep_id) const;
};

/// Binds `values` to ?1, ?2, ... and runs the statement to its end.
template <typename... Values>
int execute(SQLite::Database& db, const char* sql, Values&&... values) {
  SQLite::Statement statement(db, sql);
  SQLite::bind(statement, std::forward<Values>(values)...);
  return statement.exec();
}

/// NaN and infinity are stored as NULL: SQLite has no NaN, and neither can be drawn or averaged.
void bind_finite(SQLite::Statement& statement, int index, double value);

std::string identity_hash(const sweep::Sweep& sweep);

/// Opens `file` for the mode and checks that it is a database of this program and version,
/// migrating when writing. Throws StoreError.
SQLite::Database open_database(const std::filesystem::path& file, Store::Mode mode);

/// Applies the migrations that the file lacks, in one transaction.
void migrate(SQLite::Database& db, const std::filesystem::path& file);
/// The version of the schema that this program writes.
int schema_version();

/// "HSWP": marks the file as ours, so that another program's database is never migrated.
inline constexpr int kApplicationId = 0x48535750;

}  // namespace herosweep::store
