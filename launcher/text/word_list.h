#ifndef LAUNCHER_TEXT_WORD_LIST_H_
#define LAUNCHER_TEXT_WORD_LIST_H_

#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// The words between commas; one empty word of an empty text.
std::vector<std::string> SplitWords(std::string_view text);

/// The words with commas between them.
std::string JoinWords(const std::vector<std::string>& words);

/// The same for numbers: `0,2,3`.
std::string JoinNumbers(const std::vector<int>& numbers);

std::string LowerCase(std::string text);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_WORD_LIST_H_
