#include "experiments/config/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace herosweep::config {
namespace {

constexpr size_t kNodeBytes = 64;

/// Ends the reading of a document whose problem is already recorded.
struct Unreadable {};

/// Builds the tree from the parser's events: yaml-cpp's own nodes keep no place of an alias and
/// swallow duplicate keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const Source> source, Problems& problems)
      : source_(std::move(source)), problems_(problems) {}

  Value take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(make(mark, Value::Kind::null), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(place(mark), "an alias inside the value that it names");
    grow(found->second.bytes, place(mark));
    if (frames_.size() + found->second.depth > kMaxDepth) too_deep(place(mark));
    deepest_ = found->second.depth;
    add(found->second.value);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Value value = make(mark, Value::Kind::scalar);
    check_tag(tag, value.place);
    value.quoted = tag == "!";  // yaml-cpp's tag for a scalar that is not plain
    value.text = text;
    grow(text.size(), value.place);
    finish(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor;
    size_t bytes_before;  // total size when the container was opened
    size_t depth = 1;
    bool has_key = false;
    bool keep = true;  // false: the value belongs to a key that was refused
    std::string key;
    Place key_place;
  };
  struct Anchored {
    Value value;
    size_t bytes;
    size_t depth;
  };

  Place place(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  std::string path() const {
    std::string text;
    for (const Frame& frame : frames_) {
      if (frame.value.kind == Value::Kind::list) {
        text += fmt::format("[{}]", frame.value.items.size());
      } else if (frame.has_key) {
        text = join_path(text, frame.key);
      }
    }
    return text;
  }

  [[noreturn]] void fail(const Place& at, const std::string& message) {
    problems_.add(at, path(), message);
    throw Unreadable();
  }

  [[noreturn]] void too_deep(const Place& at) {
    fail(at, fmt::format("nested more than {} levels deep", kMaxDepth));
  }

  void grow(size_t bytes, const Place& at) {
    bytes_ += bytes;
    if (bytes_ > kMaxTreeBytes) {
      fail(at, fmt::format("the document grows beyond {} MiB here; use fewer aliases",
                           kMaxTreeBytes >> 20));
    }
  }

  void check_tag(const std::string& tag, const Place& at) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.add(at, path(), fmt::format("the tag {} is not read; remove it", tag));
  }

  Value make(const YAML::Mark& mark, Value::Kind kind) {
    Value value;
    value.kind = kind;
    value.place = place(mark);
    grow(kNodeBytes, value.place);
    return value;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Value::Kind kind) {
    const size_t before = bytes_;
    Value value = make(mark, kind);
    check_tag(tag, value.place);
    if (frames_.size() >= kMaxDepth) too_deep(value.place);
    frames_.push_back({std::move(value), anchor, before, 1, false, true, "", {}});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    deepest_ = frame.depth;
    if (frame.anchor != YAML::NullAnchor) {
      const size_t bytes = bytes_ - frame.bytes_before;
      grow(bytes, frame.value.place);  // the copy that aliases are made from
      anchors_[frame.anchor] = {frame.value, bytes, frame.depth};
    }
    add(std::move(frame.value));
  }

  void finish(Value value, YAML::anchor_t anchor) {
    deepest_ = 0;
    if (anchor != YAML::NullAnchor) {
      anchors_[anchor] = {value, kNodeBytes + value.text.size(), 0};
    }
    add(std::move(value));
  }

  /// Puts a complete value where it belongs: root, item, key or member.
  void add(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    frame.depth = std::max(frame.depth, deepest_ + 1);
    if (frame.value.kind == Value::Kind::list) {
      frame.value.items.push_back(std::move(value));
    } else if (!frame.has_key) {
      take_key(frame, value);
    } else {
      frame.has_key = false;
      if (frame.keep) {
        frame.value.members.push_back({frame.key, frame.key_place, std::move(value)});
      }
    }
  }

  void take_key(Frame& frame, const Value& key) {
    frame.keep = key.kind == Value::Kind::scalar;
    if (!frame.keep) problems_.add(key.place, path(), "a key must be a word, not " + describe(key));
    const Member* first = frame.keep ? frame.value.find(key.text) : nullptr;
    if (first != nullptr) {
      problems_.add(key.place, join_path(path(), key.text),
                    fmt::format("duplicate key, already given in line {}", first->place.line));
      frame.keep = false;
    }
    frame.key = key.text;
    frame.key_place = key.place;
    frame.has_key = true;
  }

  std::shared_ptr<const Source> source_;
  Problems& problems_;
  Value root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t bytes_ = 0;
  size_t deepest_ = 0;  // levels below the value that was completed last
};

}  // namespace

Value read_yaml(const std::string& text, const std::shared_ptr<const Source>& source,
                Problems& problems) {
  Value nothing;
  nothing.place.source = source;
  if (text.size() > kMaxFileBytes) {
    problems.add(
        nothing.place, "",
        fmt::format("{} bytes; a configuration has at most {}", text.size(), kMaxFileBytes));
    return nothing;
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(source, problems);
    if (!parser.HandleNextDocument(builder)) return nothing;
    Value root = builder.take_root();
    TreeBuilder second(source, problems);
    if (parser.HandleNextDocument(second)) {
      problems.add(second.take_root().place, "", "a second document; a file holds one");
    }
    return root;
  } catch (const YAML::Exception& error) {
    const Place at{source, error.mark.line + 1, error.mark.column + 1};
    problems.add(at, "", "YAML syntax: " + error.msg);
  } catch (const Unreadable&) {
    // Recorded where it was met.
  }
  return nothing;
}

Value read_yaml_file(const std::filesystem::path& file, const Place& asked_at, Problems& problems) {
  const auto source =
      std::make_shared<const Source>(Source{file.string(), file.parent_path(), true});
  const Place at = asked_at.source ? asked_at : Place{source, 1, 1};
  Value nothing;
  nothing.place = at;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    const bool missing = !error || error == std::errc::no_such_file_or_directory;
    problems.add(at, "",
                 missing ? fmt::format("no such file: {}", file.string())
                         : fmt::format("{} cannot be read: {}", file.string(), error.message()));
    return nothing;
  }
  if (std::filesystem::file_size(file, error) > kMaxFileBytes || error) {
    problems.add(at, "",
                 fmt::format("{}: more than {} bytes, no configuration is that large",
                             file.string(), kMaxFileBytes));
    return nothing;
  }
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    problems.add(at, "", fmt::format("{}: cannot be read", file.string()));
    return nothing;
  }
  return read_yaml(text.str(), source, problems);
}

}  // namespace herosweep::config
