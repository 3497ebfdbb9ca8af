// Opening the file, with an explanation for every way in which that goes wrong.
#include <sqlite3.h>
#include <unistd.h>

#include "experiments/store/impl.h"

namespace herosweep::store {

namespace fs = std::filesystem;

namespace {

constexpr int kBusyTimeoutMs = 10000;

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw StoreError(fmt::format("{}: {}", file.string(), why));
}

void check_path(const fs::path& file, Store::Mode mode) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    refuse(file, fmt::format("the folder {} does not exist; make it with `mkdir -p {}` or name "
                             "another database",
                             folder.string(), folder.string()));
  if (fs::is_directory(file, ignored)) refuse(file, "is a folder; name a database file in it");
  const bool exists = fs::exists(file, ignored);
  if (mode == Store::Mode::read_only) {
    if (!exists) refuse(file, "there is no such database; `herosweep run CONFIG` makes one");
    if (access(file.c_str(), R_OK) != 0) refuse(file, "may not be read; check its permissions");
    return;
  }
  // WAL keeps two files beside the database, so the folder must be writable too.
  if (access(folder.c_str(), W_OK) != 0)
    refuse(file, fmt::format("the folder {} is read-only; name a database in a folder that can be "
                             "written",
                             folder.string()));
  if (exists && access(file.c_str(), W_OK) != 0)
    refuse(file, "is read-only; make it writable or name another database");
}

std::string file_uri(const fs::path& file, const char* options) {
  std::string uri = "file:";
  for (const char c : fs::absolute(file).string()) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      uri += c;
  }
  return uri + options;
}

bool needs_immutable(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (access(folder.c_str(), W_OK) == 0) return false;
  std::error_code ignored;
  const fs::path wal = file.string() + "-wal";
  if (fs::exists(wal, ignored) && fs::file_size(wal, ignored) > 0)
    refuse(file,
           "has changes in its -wal file that cannot be read from a read-only folder; copy the "
           "database with its -wal file to a folder that can be written");
  return true;
}

SQLite::Database connect(const fs::path& file, Store::Mode mode) {
  if (mode == Store::Mode::read_write)
    return {file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs};
  if (needs_immutable(file))
    return {file_uri(file, "?immutable=1"), SQLite::OPEN_READONLY | SQLite::OPEN_URI};
  return {file.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs};
}

/// A file without any content yet is ours to fill.
void check_is_ours(SQLite::Database& db, const fs::path& file, Store::Mode mode) {
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  const int application = db.execAndGet("PRAGMA application_id").getInt();
  const int objects = db.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (version == 0 && objects == 0) {
    if (mode == Store::Mode::read_only)
      refuse(file, "is empty; `herosweep run CONFIG` fills a database");
    return;
  }
  if (application != kApplicationId)
    refuse(file, "is a SQLite database of another program; name another file");
  if (version > schema_version())
    refuse(file, fmt::format("has schema version {}, but this program knows versions up to {}; "
                             "use the newer program that wrote it",
                             version, schema_version()));
  if (version < schema_version() && mode == Store::Mode::read_only)
    refuse(file, fmt::format("has schema version {}, but this program reads version {}; `herosweep "
                             "run` upgrades it",
                             version, schema_version()));
}

}  // namespace

SQLite::Database open_database(const fs::path& file, Store::Mode mode) {
  check_path(file, mode);
  try {
    SQLite::Database db = connect(file, mode);
    check_is_ours(db, file, mode);
    db.exec("PRAGMA foreign_keys = ON");
    if (mode == Store::Mode::read_write) {
      // A file system without shared memory keeps its rollback journal: slower, but as safe.
      db.execAndGet("PRAGMA journal_mode = WAL");
      migrate(db, file);
    }
    return db;
  } catch (const SQLite::Exception& e) {
    switch (e.getErrorCode()) {
      case SQLITE_NOTADB:
        refuse(file, "is not a SQLite database; name another file");
      case SQLITE_CORRUPT:
        refuse(file,
               "is damaged; restore it from a copy, or save what is left with `sqlite3 FILE "
               ".recover`");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        refuse(file, "is locked by another process; wait for it to end and try again");
      case SQLITE_FULL:
      case SQLITE_IOERR:
        refuse(file, fmt::format("the disk, a quota or a limit refused it ({}); free some disk "
                                 "space, or name a database on another disk",
                                 e.what()));
      case SQLITE_READONLY:
        refuse(file, "is read-only; make it writable or name another database");
      default:
        refuse(file, fmt::format("cannot be opened: {}", e.what()));
    }
  }
}

}  // namespace herosweep::store
