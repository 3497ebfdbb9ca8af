#include "experiments/cli/examples.h"

#include <map>
#include <stdexcept>
#include <string>

namespace herosweep::cli {

namespace {

const std::map<std::string, std::string>& examples() {
  static const std::map<std::string, std::string> kExamples{
      {"plan",
       "  herosweep plan configs/quickstart.yaml\n"
       "  herosweep plan my-sweep.yaml --set 'sweep.plans=[M1, M3]' --json\n"},
      {"run",
       "  herosweep run configs/quickstart.yaml\n"
       "  herosweep run my-sweep.yaml --db results/try.db --set latency.enabled=false --jobs 4\n"
       "  herosweep run my-sweep.yaml --only failed --fail-fast\n"},
      {"status", "  herosweep status results/quickstart.db\n"},
      {"show",
       "  herosweep show results/quickstart.db M3\n"
       "  herosweep show results/quickstart.db 3f9a0c --json\n"},
      {"pareto",
       "  herosweep pareto results/quickstart.db --metrics drift,latency --batch 1\n"
       "  herosweep pareto results/quickstart.db --metric-drop 0.5\n"},
      {"compare",
       "  herosweep compare results/quickstart.db fp16 M3\n"
       "  herosweep compare results/quickstart.db --against fp16 --json\n"},
      {"sensitivity", "  herosweep sensitivity results/quickstart.db\n"},
      {"diff", "  herosweep diff my-sweep.yaml results/my-sweep.db\n"},
      {"export",
       "  herosweep export latex results/quickstart.db --table results -o table.tex\n"
       "  herosweep export csv results/quickstart.db --table latency > latency.csv\n"},
      {"report", "  herosweep report results/quickstart.db -o page.html\n"},
      {"predict",
       "  herosweep predict --model models/minilm-l6 --plan fp16 --input text.txt \\\n"
       "      --output out.jsonl --head embed\n"
       "  herosweep predict --model models/minilm-l6 --plan M3 --task vader-tweets \\\n"
       "      --input text.txt --output out.jsonl\n"},
      {"calibrate", "  herosweep calibrate configs/quickstart.yaml -o scales.safetensors\n"},
      {"doctor",
       "  herosweep doctor\n"
       "  herosweep doctor my-sweep.yaml\n"},
      {"schema",
       "  herosweep schema > sweep.schema.json\n"
       "  herosweep schema --task > task.schema.json\n"},
      {"models",
       "  herosweep models models\n"
       "  herosweep models models/minilm-l6 --all-plans --json\n"},
      {"completion",
       "  source <(herosweep completion bash)\n"
       "  herosweep completion fish > ~/.config/fish/completions/herosweep.fish\n"
       "  herosweep completion zsh > \"${fpath[1]}/_herosweep\"\n"},
      {"tune",
       "  herosweep tune -o tiles.csv && HEROSWEEP_TILE_TABLE=tiles.csv herosweep doctor\n"},
  };
  return kExamples;
}

}  // namespace

void add_examples(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;  // hidden
    const auto found = examples().find(command->get_name());
    if (found == examples().end())
      throw std::logic_error("command " + command->get_name() + " has no examples");
    command->footer("Examples:\n" + found->second);
  }
}

}  // namespace herosweep::cli
