#include "experiments/sweep/settings.h"
#include "tests/catch.h"

using namespace herosweep::sweep;

TEST_CASE("Every setting reads back what it writes") {
  for (const SettingKind& kind : setting_kinds()) {
    INFO(kind.name);
    Settings settings;
    const std::string fallback = kind.get(settings);
    CHECK(kind.set(settings, fallback));
    CHECK(kind.get(settings) == fallback);
    for (const std::string& word : kind.words) {
      CHECK(kind.set(settings, word));
      CHECK(kind.get(settings) == word);
    }
    CHECK_FALSE(kind.set(settings, "nonsense"));
    CHECK_FALSE(kind.set(settings, ""));
    CHECK(find_setting(kind.name) == &kind);
    CHECK_FALSE(kind.doc.empty());
  }
  CHECK(find_setting("nobody") == nullptr);
}

TEST_CASE("Numbers of settings are plain and bounded") {
  const SettingKind& groups = *find_setting("groups");
  Settings settings;
  CHECK(groups.set(settings, "-1"));
  CHECK(settings.options.groups == -1);
  CHECK_FALSE(groups.set(settings, "-2"));
  CHECK_FALSE(groups.set(settings, "010"));
  CHECK_FALSE(groups.set(settings, "1.0"));
  CHECK(settings.options.groups == -1);
  CHECK(groups.values_text() == "a whole number, -1 to 1048576");
}
