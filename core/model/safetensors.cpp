#include "core/model/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "core/model/safetensors_header.h"
#include "core/util/error.h"

namespace herosweep::model {

static_assert(std::endian::native == std::endian::little, "safetensors is little endian");

struct SafetensorsFile::Mapping {
  std::byte* data = nullptr;
  size_t bytes = 0;

  explicit Mapping(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(path, std::strerror(errno));
    struct stat status {};
    const bool known = ::fstat(descriptor, &status) == 0;
    if (known && S_ISREG(status.st_mode) && status.st_size > 0) {
      bytes = static_cast<size_t>(status.st_size);
      void* map = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
      if (map != MAP_FAILED) data = static_cast<std::byte*>(map);
    }
    const int reason = errno;
    ::close(descriptor);
    if (known && !S_ISREG(status.st_mode)) fail(path, "it is not a file");
    if (known && status.st_size == 0) fail(path, "it is empty");
    if (data == nullptr) fail(path, std::strerror(reason));
  }
  ~Mapping() { ::munmap(data, bytes); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[noreturn]] static void fail(const std::filesystem::path& path, const char* why) {
    throw ModelError(fmt::format("{}: cannot be read: {}; check the path and its permissions",
                                 path.string(), why));
  }
};

namespace {

// The header's place in a file of `bytes`; the first eight hold its length.
std::string_view header_text(const std::byte* data, size_t bytes,
                             const std::filesystem::path& path) {
  uint64_t length = 0;
  if (bytes < sizeof length)
    throw ModelError(fmt::format("{}: {} bytes are too few for a safetensors file; fetch it again",
                                 path.string(), bytes));
  std::memcpy(&length, data, sizeof length);
  if (length > kMaxHeaderBytes || length > bytes - sizeof length)
    throw ModelError(
        fmt::format("{}: the header claims {} bytes, but {} follow and {} are allowed; the file is "
                    "cut short or not a safetensors file; fetch it again",
                    path.string(), length, bytes - sizeof length, kMaxHeaderBytes));
  return {reinterpret_cast<const char*>(data) + sizeof length, static_cast<size_t>(length)};
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), mapping_(std::make_unique<Mapping>(path)) {
  const std::string_view json = header_text(mapping_->data, mapping_->bytes, path);
  const size_t data_offset = sizeof(uint64_t) + json.size();
  SafetensorsHeader header = parse_safetensors_header(json, mapping_->bytes - data_offset, path);
  metadata_ = std::move(header.metadata);
  for (HeaderEntry& entry : header.entries) {
    TensorView view{entry.name, entry.dtype, std::move(entry.shape),
                    mapping_->data + data_offset + entry.begin,
                    static_cast<size_t>(entry.end - entry.begin)};
    tensors_.emplace(std::move(entry.name), std::move(view));
  }
}

SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const TensorView* SafetensorsFile::find(std::string_view tensor) const {
  const auto found = tensors_.find(tensor);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorView& SafetensorsFile::at(std::string_view tensor) const {
  if (const TensorView* view = find(tensor)) return *view;
  throw ModelError(fmt::format("{}: has no tensor '{}' among its {}", path_.string(),
                               printable(tensor), tensors_.size()));
}

void SafetensorsFile::require_type(const TensorView& view, DType dtype) const {
  if (view.dtype == dtype || (dtype == DType::f32 && converts_to_f32(view.dtype))) return;
  throw ModelError(fmt::format("{}: tensor '{}' is {}, not {}", path_.string(),
                               printable(view.name), name(view.dtype), name(dtype)));
}

void SafetensorsFile::copy_values(const TensorView& view, DType dtype, void* out) {
  if (dtype == DType::f32)
    to_f32(view, static_cast<float*>(out));
  else if (view.bytes > 0)
    std::memcpy(out, view.data, view.bytes);
}

}  // namespace herosweep::model
