#include "srun/srun_getopt.h"

namespace launcher {
namespace {

/// Getopt's own messages come with a hint.
[[noreturn]] void Usage(const std::string& message) {
  throw UsageError(message + "\nTry \"srun --help\" for more information");
}

class Reader {
 public:
  Reader(const std::vector<OptionName>& names, size_t unabbreviated, const std::vector<std::string>& args,
         const std::function<void(size_t, const std::string&)>& apply)
      : names_(names), abbreviated_(names.size() - unabbreviated), args_(args), apply_(apply) {}

  size_t Read() {
    size_t at = 0;
    while (at < args_.size() && args_[at].size() > 1 && args_[at][0] == '-') {
      if (args_[at] == "--") return at + 1;
      at += args_[at][1] == '-' ? ReadLong(at) : ReadCluster(at);
    }
    return at;
  }

 private:
  size_t FindLong(const std::string& name, const std::string& text) const {
    std::vector<size_t> found;
    for (size_t option = 0; option < names_.size(); ++option) {
      const std::string known = names_[option].name;
      if (name == known) return option;
      if (option < abbreviated_ && known.compare(0, name.size(), name) == 0) found.push_back(option);
    }
    if (found.empty()) Usage("unrecognized option '--" + text + "'");
    if (found.size() > 1) {
      std::string possible;
      for (const size_t option : found) possible += " '--" + std::string(names_[option].name) + "'";
      Usage("option '--" + text + "' is ambiguous; possibilities:" + possible);
    }
    return found[0];
  }

  size_t FindShort(char letter) const {
    for (size_t option = 0; option < names_.size(); ++option) {
      if (names_[option].letter == letter) return option;
    }
    Usage(std::string("invalid option -- '") + letter + "'");
  }

  /// Reads the option at args_[at]; returns how many words it took.
  size_t ReadLong(size_t at) const {
    const std::string text = args_[at].substr(2);
    const size_t equals = text.find('=');
    const size_t option = FindLong(text.substr(0, equals), text);
    const std::string name = std::string("--") + names_[option].name;
    const Argument argument = names_[option].argument;
    if (equals != std::string::npos) {
      if (argument == Argument::kNone) Usage("option '" + name + "' doesn't allow an argument");
      apply_(option, text.substr(equals + 1));
      return 1;
    }
    if (argument != Argument::kRequired) {
      apply_(option, "");
      return 1;
    }
    if (at + 1 >= args_.size()) Usage("option '" + name + "' requires an argument");
    apply_(option, args_[at + 1]);
    return 2;
  }

  size_t ReadCluster(size_t at) const {
    const std::string& word = args_[at];
    for (size_t i = 1; i < word.size(); ++i) {
      const size_t option = FindShort(word[i]);
      const Argument argument = names_[option].argument;
      if (argument == Argument::kNone) {
        apply_(option, "");
        continue;
      }
      const std::string rest = word.substr(i + 1);
      if (!rest.empty() || argument == Argument::kOptional) {
        apply_(option, rest);
        return 1;
      }
      if (at + 1 >= args_.size()) Usage(std::string("option requires an argument -- '") + word[i] + "'");
      apply_(option, args_[at + 1]);
      return 2;
    }
    return 1;
  }

  const std::vector<OptionName>& names_;
  size_t abbreviated_;
  const std::vector<std::string>& args_;
  const std::function<void(size_t, const std::string&)>& apply_;
};

}  // namespace

size_t ReadOptions(const std::vector<OptionName>& names, size_t unabbreviated, const std::vector<std::string>& args,
                   const std::function<void(size_t option, const std::string& value)>& apply) {
  return Reader(names, unabbreviated, args, apply).Read();
}

}  // namespace launcher
