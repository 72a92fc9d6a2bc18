#include "os/pseudo_terminal.h"

#include <sys/ioctl.h>

#include <cstdlib>
#include <utility>

namespace launcher {
namespace {

UniqueFd Twin(const UniqueFd& fd) { return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

}  // namespace

std::optional<WindowSize> WindowSizeOf(int fd) {
  winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return WindowSize{size.ws_row, size.ws_col};
}

void SetWindowSize(int fd, const WindowSize& size) {
  winsize wanted = {};
  wanted.ws_row = static_cast<unsigned short>(size.rows);
  wanted.ws_col = static_cast<unsigned short>(size.columns);
  ioctl(fd, TIOCSWINSZ, &wanted);
}

std::optional<PseudoTerminal> OpenPseudoTerminal(const WindowSize& size) {
  UniqueFd ours(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!ours || unlockpt(ours.get()) != 0) return std::nullopt;
  char path[64];
  if (ptsname_r(ours.get(), path, sizeof path) != 0) return std::nullopt;
  UniqueFd theirs(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!theirs) return std::nullopt;
  SetWindowSize(ours.get(), size);
  PseudoTerminal terminal;
  terminal.in = Pipe{Twin(theirs), Twin(ours)};
  terminal.out = Pipe{std::move(ours), std::move(theirs)};
  if (!terminal.in.read || !terminal.in.write) return std::nullopt;
  return terminal;
}

}  // namespace launcher
