#include "experiments/measure/contender.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "core/util/error.h"

namespace herosweep::measure {

namespace {

// CUDA events around one short pass would time the launch as well: a sample is the mean of as many
// passes as take this long.
constexpr double kSampleNanoseconds = 2e6;
constexpr int kMostRepeats = 64;

class EngineContender : public Contender {
 public:
  EngineContender(const sweep::Variant& variant, const EngineGround& ground)
      : variant_(variant), ground_(ground) {}

  std::string name() const override { return quant::display_name(variant_.plan.name); }
  const std::string& plan_hash() const override { return variant_.plan_hash; }
  const quant::Plan* plan() const override { return &variant_.plan; }

  void build() override {
    const auto scales = ground_.find_scales(variant_);
    engine_.emplace(ground_.model, variant_.plan, scales.get(), ground_.backend, ground_.weights);
    warm_up();
  }

  void warm_up() override { engine_->forward(ground_.batch); }

  void choose_repeats() override {
    if (ground_.backend.record == nullptr) return;  // the host's clock needs none
    const double pass = static_cast<double>(std::max<int64_t>(sample(true).nanoseconds, 1));
    repeats_ = std::clamp(static_cast<int>(std::ceil(kSampleNanoseconds / pass)), 1, kMostRepeats);
  }

  Sample sample(bool warm) override {
    if (warm) engine_->run();
    const int64_t all = ground_.backend.time([this] {
      for (int i = 0; i < repeats_; ++i) engine_->run();
    });
    return {all / repeats_, ground_.backend.host_memory ? 0 : wall_nanoseconds()};
  }

 private:
  /// The device is idle before and after: what launching and waiting cost is in it, as in a service
  /// that answers one request after the other.
  int64_t wall_nanoseconds() {
    const auto start = std::chrono::steady_clock::now();
    ground_.backend.time([this] { engine_->run(); });
    return std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  }

  const sweep::Variant& variant_;
  const EngineGround& ground_;
  std::optional<engine::Engine> engine_;
  int repeats_ = 1;  // passes of one sample
};

class PeerContender : public Contender {
 public:
  PeerContender(const sweep::Peer& peer, const LatencyJob& job, std::function<void()> waiting)
      : peer_(peer), job_(job), waiting_(std::move(waiting)) {}

  std::string name() const override { return peer_.name; }
  const std::string& plan_hash() const override { return peer_.plan_hash; }
  const quant::Plan* plan() const override { return nullptr; }

  void build() override {
    try {
      process_.emplace(peer_.command, job_.setting.threads, job_.peer_timeout_seconds,
                       job_.peer_logs / fmt::format("peer-{}.log", peer_.name), waiting_);
    } catch (const EnvironmentError& error) {
      throw PeerFailure("error", error.what(), "");
    }
    process_->wait_ready();
  }

  void warm_up() override { process_->run(1); }
  void choose_repeats() override {}  // the peer's own business
  Sample sample(bool warm) override { return {process_->run(warm ? 2 : 1).back(), 0}; }

 private:
  const sweep::Peer& peer_;
  const LatencyJob& job_;
  std::function<void()> waiting_;
  std::optional<PeerProcess> process_;
};

}  // namespace

std::unique_ptr<Contender> engine_contender(const sweep::Variant& variant,
                                            const EngineGround& ground) {
  return std::make_unique<EngineContender>(variant, ground);
}

std::unique_ptr<Contender> peer_contender(const sweep::Peer& peer, const LatencyJob& job,
                                          std::function<void()> waiting) {
  return std::make_unique<PeerContender>(peer, job, std::move(waiting));
}

}  // namespace herosweep::measure
