#ifndef LAUNCHER_OS_PSEUDO_TERMINAL_H_
#define LAUNCHER_OS_PSEUDO_TERMINAL_H_

#include <optional>

#include "os/fd.h"

namespace launcher {

/// Of a terminal, in characters.
struct WindowSize {
  int rows = 0;
  int columns = 0;

  bool operator==(const WindowSize& other) const { return rows == other.rows && columns == other.columns; }
};

/// That of the terminal `fd`; nothing, and errno, where it is none.
std::optional<WindowSize> WindowSizeOf(int fd);

/// The kernel tells who works in the terminal. Either end may be meant.
void SetWindowSize(int fd, const WindowSize& size);

/// A terminal for a task, as the two pipes that it is in place of: reads of the task's end come from the writes of ours and the other
/// way round, and each end is there twice, so that either pipe can be closed by itself.
struct PseudoTerminal {
  Pipe in;   ///< the task reads
  Pipe out;  ///< the task writes
};

/// Makes one, closed by exec and controlling nobody yet; nothing, and errno, where there can be none.
std::optional<PseudoTerminal> OpenPseudoTerminal(const WindowSize& size);

}  // namespace launcher

#endif  // LAUNCHER_OS_PSEUDO_TERMINAL_H_
