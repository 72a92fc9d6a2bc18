#ifndef LAUNCHER_CHANNEL_RELAY_H_
#define LAUNCHER_CHANNEL_RELAY_H_

#include <memory>

#include "channel/channel.h"

namespace launcher {

/// Passes all frames on between two channels, both ways, no faster than they are taken. When one closes, the other gets what
/// is left for it and is closed, too. Each lives as long as the other one.
void PassFrames(const std::shared_ptr<Channel>& one, const std::shared_ptr<Channel>& other);

}  // namespace launcher

#endif  // LAUNCHER_CHANNEL_RELAY_H_
