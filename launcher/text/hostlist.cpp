#include "text/hostlist.h"

#include <algorithm>
#include <cstdint>

namespace launcher {
namespace {

// Slurm's own bound of one range. The product of several brackets is bounded too, or a short list
// could fill the memory.
constexpr uint64_t kMaxRange = 65536;
constexpr size_t kMaxHosts = 1 << 20;

// More digits do not fit a 64-bit number; such a name has no number for us.
constexpr size_t kMaxDigits = 18;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsSeparator(char c) { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

uint64_t ReadNumber(std::string_view digits) {
  uint64_t number = 0;
  for (const char digit : digits) number = number * 10 + static_cast<uint64_t>(digit - '0');
  return number;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= kMaxDigits &&
         std::all_of(text.begin(), text.end(), IsDigit);
}

std::string Padded(uint64_t number, size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

/// Appends what one piece between the commas of a bracket stands for.
void ExpandRange(std::string_view list, std::string_view range, std::vector<std::string>* numbers) {
  const size_t dash = range.find('-');
  const std::string_view low = range.substr(0, dash);
  std::string_view high = dash == range.npos ? low : range.substr(dash + 1);
  if (high.empty()) high = low;  // "1-" is 1
  if (!IsNumber(low) || !IsNumber(high) || ReadNumber(low) > ReadNumber(high)) {
    throw BadHostList(list, "Invalid range: `" + std::string(range) + "'");
  }
  const uint64_t first = ReadNumber(low);
  const uint64_t last = ReadNumber(high);
  if (last - first >= kMaxRange) {
    throw BadHostList(list, "Too many hosts in range `" + std::string(range) + "'");
  }
  for (uint64_t number = first; number <= last; ++number) {
    numbers->push_back(Padded(number, low.size()));
  }
}

std::vector<std::string> ExpandBracket(std::string_view list, std::string_view inside) {
  std::vector<std::string> numbers;
  for (size_t at = 0;;) {
    const size_t comma = inside.find(',', at);
    ExpandRange(list, inside.substr(at, comma - at), &numbers);
    if (comma == inside.npos) return numbers;
    at = comma + 1;
  }
}

/// A word cut at its brackets: texts[0] numbers[0] texts[1] numbers[1] ...
struct Pieces {
  std::vector<std::string> texts;
  std::vector<std::vector<std::string>> numbers;
};

Pieces CutAtBrackets(std::string_view list, std::string_view word) {
  Pieces pieces;
  size_t at = 0;
  for (size_t open = word.find('['); open != word.npos; open = word.find('[', at)) {
    const size_t close = word.find(']', open);
    pieces.texts.emplace_back(word.substr(at, open - at));
    pieces.numbers.push_back(ExpandBracket(list, word.substr(open + 1, close - open - 1)));
    at = close + 1;
  }
  return pieces;
}

/// The order in which the brackets count, slowest first: the last one runs fastest, the others from
/// the first, fastest, to the last but one.
std::vector<size_t> CountingOrder(size_t brackets) {
  std::vector<size_t> order;
  for (size_t i = brackets - 1; i-- > 0;) order.push_back(i);
  order.push_back(brackets - 1);
  return order;
}

void ExpandWord(std::string_view list, std::string_view word, std::vector<std::string>* names) {
  if (word.find('[') == word.npos) {
    names->emplace_back(word);
    return;
  }
  const size_t last_open = word.rfind('[');
  const size_t last_close = word.find(']', last_open);
  if (last_close == word.npos) {
    // What Slurm 22.05 makes of an unclosed bracket.
    names->push_back(std::string(word.substr(0, last_open)) + "]");
    return;
  }
  // Slurm knows no text after the last bracket.
  if (last_close + 1 != word.size()) throw BadHostList(list, "");
  const Pieces pieces = CutAtBrackets(list, word);
  size_t total = 1;
  for (const auto& numbers : pieces.numbers) total *= numbers.size();
  if (total + names->size() > kMaxHosts) throw BadHostList(list, "Too many hosts");

  const std::vector<size_t> order = CountingOrder(pieces.numbers.size());
  std::vector<size_t> chosen(pieces.numbers.size(), 0);
  for (size_t done = 0; done < total; ++done) {
    std::string name;
    for (size_t i = 0; i < chosen.size(); ++i)
      name += pieces.texts[i] + pieces.numbers[i][chosen[i]];
    names->push_back(std::move(name));
    for (auto i = order.rbegin(); i != order.rend(); ++i) {
      if (++chosen[*i] < pieces.numbers[*i].size()) break;
      chosen[*i] = 0;
    }
  }
}

/// Where the word that starts at `at` ends: at a separator outside of closed brackets.
size_t WordEnd(std::string_view list, size_t at) {
  while (at < list.size() && !IsSeparator(list[at])) {
    const size_t close = list[at] == '[' ? list.find(']', at) : list.npos;
    at = close == list.npos ? at + 1 : close + 1;
  }
  return at;
}

/// A name as its text and the number it ends in.
struct NumberedName {
  std::string_view prefix;
  std::string_view digits;  ///< empty: none
  uint64_t number = 0;
};

NumberedName CutNumber(std::string_view name) {
  size_t at = name.size();
  while (at > 0 && IsDigit(name[at - 1])) --at;
  if (!IsNumber(name.substr(at))) return {name, {}, 0};
  return {name.substr(0, at), name.substr(at), ReadNumber(name.substr(at))};
}

/// Compares texts so that runs of digits compare as numbers: x2 is before x10.
int CompareNaturally(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!IsDigit(a[i]) || !IsDigit(b[j])) {
      if (a[i] != b[j]) {
        return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
      }
      ++i;
      ++j;
      continue;
    }
    const size_t a_start = i;
    const size_t b_start = j;
    while (i < a.size() && IsDigit(a[i])) ++i;
    while (j < b.size() && IsDigit(b[j])) ++j;
    std::string_view a_run = a.substr(a_start, i - a_start);
    std::string_view b_run = b.substr(b_start, j - b_start);
    const bool padded = a_run[0] == '0' || b_run[0] == '0';
    if (!padded && a_run.size() != b_run.size()) return a_run.size() < b_run.size() ? -1 : 1;
    if (const int order = a_run.compare(b_run)) return order;
  }
  if (i == a.size() && j == b.size()) return 0;
  return i == a.size() ? -1 : 1;
}

/// Slurm's order: the text, names without a number first, shorter numbers before longer ones.
bool IsBefore(const std::string& a, const std::string& b) {
  const NumberedName x = CutNumber(a);
  const NumberedName y = CutNumber(b);
  if (const int order = CompareNaturally(x.prefix, y.prefix)) return order < 0;
  if (x.digits.size() != y.digits.size()) return x.digits.size() < y.digits.size();
  return x.number < y.number;
}

/// Neighbours that share their text: what is inside one bracket.
class Group {
 public:
  explicit Group(const NumberedName& name) : prefix_(name.prefix) { Start(name); }

  bool Add(const NumberedName& name) {
    if (name.digits.empty() || ranges_.empty() || name.prefix != prefix_) return false;
    Range& range = ranges_.back();
    const bool counts_on = name.number == range.last.number + 1 &&
                           Padded(name.number, range.first.digits.size()) == name.digits;
    if (counts_on) {
      range.last = name;
    } else {
      Start(name);
    }
    return true;
  }

  std::string Text() const {
    std::string text(prefix_);
    if (ranges_.empty()) return text;
    const bool alone = ranges_.size() == 1 && ranges_[0].first.number == ranges_[0].last.number;
    if (alone) return text.append(ranges_[0].first.digits);
    for (size_t i = 0; i < ranges_.size(); ++i) {
      text.append(i == 0 ? "[" : ",").append(ranges_[i].first.digits);
      if (ranges_[i].first.number != ranges_[i].last.number) {
        text.append("-").append(ranges_[i].last.digits);
      }
    }
    return text + "]";
  }

 private:
  struct Range {
    NumberedName first;
    NumberedName last;
  };

  void Start(const NumberedName& name) {
    if (!name.digits.empty()) ranges_.push_back({name, name});
  }

  std::string_view prefix_;
  std::vector<Range> ranges_;
};

}  // namespace

std::vector<std::string> ExpandHosts(std::string_view list) {
  std::vector<std::string> names;
  for (size_t at = 0; at < list.size();) {
    if (IsSeparator(list[at])) {
      ++at;
      continue;
    }
    const size_t end = WordEnd(list, at);
    ExpandWord(list, list.substr(at, end - at), &names);
    at = end;
  }
  return names;
}

std::string FoldHosts(const std::vector<std::string>& names) {
  std::vector<Group> groups;
  for (const std::string& name : names) {
    const NumberedName numbered = CutNumber(name);
    if (groups.empty() || !groups.back().Add(numbered)) groups.emplace_back(numbered);
  }
  std::string text;
  for (const Group& group : groups) {
    if (!text.empty()) text += ',';
    text += group.Text();
  }
  return text;
}

std::string FoldSortedHosts(const std::vector<std::string>& names) {
  std::vector<std::string> sorted = names;
  std::stable_sort(sorted.begin(), sorted.end(), IsBefore);
  return FoldHosts(sorted);
}

}  // namespace launcher
