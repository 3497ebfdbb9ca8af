// One runner a database: who holds it, whether it still lives, and taking over from the dead.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>

#include "experiments/store/impl.h"

namespace herosweep::store {

namespace {

constexpr double kStaleSeconds = 4 * kHeartbeatSeconds;

double now_seconds() {
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

/// Containers of one machine share its boot id but number processes apart.
std::string pid_namespace() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

/// Start of a process in clock ticks since boot, or nothing when there is no such process (or it
/// has ended and only waits to be reaped). Tells a process from a later one with its number.
std::optional<int64_t> process_start(int64_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  // Fields are counted from behind the command, which may hold spaces and brackets itself:
  // state is the first then, the start time the 20th.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string state, skipped;
  fields >> state;
  if (state == "Z" || state == "X") return std::nullopt;
  for (int field = 2; field < 20; ++field) fields >> skipped;
  int64_t start = 0;
  fields >> start;
  return start;
}

struct Claim {
  std::string host, boot_id, pid_namespace;
  int64_t pid = 0;
  int64_t process_start = 0;
  double heartbeat = 0;
};

Claim own_claim() {
  const int64_t pid = getpid();
  return {host_name(),
          first_line("/proc/sys/kernel/random/boot_id"),
          pid_namespace(),
          pid,
          process_start(pid).value_or(0),
          now_seconds()};
}

std::optional<Claim> stored_claim(SQLite::Database& db) {
  SQLite::Statement query(
      db, "SELECT host, boot_id, pid_namespace, pid, process_start, heartbeat FROM runner");
  if (!query.executeStep()) return std::nullopt;
  return Claim{query.getColumn(0).getString(), query.getColumn(1).getString(),
               query.getColumn(2).getString(), query.getColumn(3).getInt64(),
               query.getColumn(4).getInt64(),  query.getColumn(5).getDouble()};
}

/// A process of another machine, container or boot cannot be looked up: its heartbeat decides.
bool is_alive(const Claim& claim, const Claim& self) {
  if (claim.boot_id == self.boot_id && claim.pid_namespace == self.pid_namespace)
    return process_start(claim.pid) == claim.process_start;
  return self.heartbeat - claim.heartbeat < kStaleSeconds;
}

/// When the holder was last seen, or what is odd about its clock.
std::string sign_of_life(const Claim& claim, const Claim& self) {
  const double age = self.heartbeat - claim.heartbeat;
  if (age > -kStaleSeconds) return fmt::format("last seen {:.0f} s ago", std::max(age, 0.0));
  return fmt::format(
      "its clock is {:.0f} s ahead of this one's; if it has ended, free the database with `sqlite3 "
      "FILE 'DELETE FROM runner'`",
      -age);
}

std::string random_token() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

}  // namespace

void Store::claim_runner() {
  if (!impl_->claim_token.empty()) return heartbeat();
  const std::string token = random_token();
  impl_->write("claim the database", [&] {
    SQLite::Database& db = impl_->db;
    const Claim self = own_claim();
    const auto holder = stored_claim(db);
    if (holder && is_alive(*holder, self))
      throw StoreError(fmt::format(
          "{}: a sweep is running in it already (process {} on {}, {}); wait for it, stop it, or "
          "give this sweep another database",
          impl_->file.string(), holder->pid, holder->host, sign_of_life(*holder, self)));
    execute(db,
            "INSERT OR REPLACE INTO runner (id, token, host, boot_id, pid_namespace, pid, "
            "process_start, heartbeat) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            token, self.host, self.boot_id, self.pid_namespace, self.pid, self.process_start,
            self.heartbeat);
    // Only a runner marks rows as running, and there is no other now: these were left behind.
    db.exec("UPDATE trials SET state = 'planned' WHERE state = 'running'");
  });
  impl_->claim_token = token;
}

void Store::heartbeat() {
  const int rows = impl_->write("renew the claim", [&] {
    return execute(impl_->db, "UPDATE runner SET heartbeat = ?2 WHERE token = ?1",
                   impl_->claim_token, now_seconds());
  });
  if (rows == 0)
    throw StoreError(fmt::format(
        "{}: the claim of this process is gone: another one took the database over after {:.0f} s "
        "without a sign of life, or it was never claimed; start again to go on where it is",
        impl_->file.string(), kStaleSeconds));
}

void Store::release_runner() {
  if (impl_->claim_token.empty()) return;
  impl_->write("release the database", [&] {
    const int rows = execute(impl_->db, "DELETE FROM runner WHERE token = ?1", impl_->claim_token);
    if (rows > 0) impl_->db.exec("UPDATE trials SET state = 'planned' WHERE state = 'running'");
  });
  impl_->claim_token.clear();
}

}  // namespace herosweep::store
