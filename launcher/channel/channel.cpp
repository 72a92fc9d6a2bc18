#include "channel/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <utility>

namespace launcher {
namespace {

constexpr size_t kHeader = 5;
constexpr size_t kReadAtOnce = 256 * 1024;

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

Packer& Packer::Number(int64_t value) {
  AppendBigEndian(static_cast<uint64_t>(value), 8, &payload_);
  return *this;
}

Packer& Packer::Text(std::string_view text) {
  AppendBigEndian(text.size(), 4, &payload_);
  payload_ += text;
  return *this;
}

Packer& Packer::Texts(const std::vector<std::string>& texts) {
  Number(static_cast<int64_t>(texts.size()));
  for (const std::string& text : texts) Text(text);
  return *this;
}

Packer& Packer::Numbers(const std::vector<int>& numbers) {
  Number(static_cast<int64_t>(numbers.size()));
  for (const int number : numbers) Number(number);
  return *this;
}

std::string Packer::Rest(std::string_view bytes) {
  payload_ += bytes;
  return std::move(payload_);
}

std::string_view Unpacker::Take(size_t count) {
  if (count > rest_.size()) throw BadFrame("channel: a frame is too short");
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

int64_t Unpacker::Number() { return static_cast<int64_t>(ReadBigEndian(Take(8))); }

std::string Unpacker::Text() { return std::string(Take(ReadBigEndian(Take(4)))); }

std::vector<std::string> Unpacker::Texts() {
  std::vector<std::string> texts;
  for (int64_t left = Number(); left > 0; --left) texts.push_back(Text());
  return texts;
}

std::vector<int> Unpacker::Numbers() {
  std::vector<int> numbers;
  for (int64_t left = Number(); left > 0; --left) numbers.push_back(static_cast<int>(Number()));
  return numbers;
}

Channel::Channel(Loop* loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {
  fcntl(fd_.get(), F_SETFL, fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
}

void Channel::Listen(OnFrame on_frame, OnClose on_close) {
  on_frame_ = std::move(on_frame);
  on_close_ = std::move(on_close);
  Resume();
}

void Channel::Send(Frame type, std::string_view fields, std::string_view rest) {
  if (!fd_) return;
  const size_t length = fields.size() + rest.size();
  if (length > kMostPayload) throw BadFrame("channel: a frame is too long");
  std::string head;
  AppendBigEndian(length, 4, &head);
  head.push_back(static_cast<char>(type));
  head += fields;
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  if (out_.empty()) SendAtOnce(&head, &rest);
  if (head.empty() && rest.empty()) return Drained();
  out_ += head;
  out_ += rest;
  was_full_ = was_full_ || is_full();
  Write();
}

/// What the peer takes at once is not copied; takes off both what has gone.
void Channel::SendAtOnce(std::string* head, std::string_view* rest) {
  iovec parts[] = {{head->data(), head->size()}, {const_cast<char*>(rest->data()), rest->size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  const ssize_t sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  if (sent <= 0) return;  // Write sees why
  const size_t of_head = std::min(head->size(), static_cast<size_t>(sent));
  head->erase(0, of_head);
  rest->remove_prefix(static_cast<size_t>(sent) - of_head);
}

void Channel::Write() {
  while (queued() > 0) {
    const ssize_t sent = send(fd_.get(), out_.data() + out_sent_, queued(), MSG_NOSIGNAL);
    if (sent > 0) {
      out_sent_ += static_cast<size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {  // the reader finds out, after what the peer still sent
      out_.clear();
      out_sent_ = 0;
      break;
    }
    if (out_sent_ > kMuchQueued) {
      out_.erase(0, out_sent_);
      out_sent_ = 0;
    }
    loop_->WatchWrite(fd_.get(), [this] { Write(); });
    return;
  }
  loop_->ForgetWrite(fd_.get());
  Drained();
}

void Channel::Drained() {
  if (!on_drained_ || !std::exchange(was_full_, false)) return;
  loop_->Later([alive = fd_.get(), this] {
    if (fd_.get() == alive && on_drained_ && !is_full()) on_drained_();
  });
}

void Channel::Pause() {
  if (fd_) loop_->ForgetRead(fd_.get());
}

void Channel::Resume() {
  if (fd_) loop_->WatchRead(fd_.get(), [this] { Read(); });
}

void Channel::Read() {
  char buffer[kReadAtOnce];
  const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Lost();
  in_.append(buffer, static_cast<size_t>(got));
  Dispatch();
}

void Channel::Dispatch() {
  std::string in = std::move(in_);  // a callback may be the end of this channel: its payload outlives that
  in_.clear();
  size_t at = 0;
  while (fd_ && in.size() - at >= kHeader) {
    const uint64_t length = ReadBigEndian(std::string_view(in).substr(at, 4));
    if (length > most_payload_) return Lost();
    if (in.size() - at < kHeader + length) break;
    const auto type = static_cast<Frame>(in[at + 4]);
    const std::string_view payload = std::string_view(in).substr(at + kHeader, length);
    at += kHeader + length;
    const OnFrame on_frame = on_frame_;  // a callback may Listen anew
    try {
      on_frame(type, payload);
    } catch (const BadFrame&) {
      return Lost();
    }
  }
  in.erase(0, at);
  in_ = std::move(in);
}

void Channel::Lost() {
  const OnClose on_close = std::move(on_close_);
  Close();
  if (on_close) on_close();
}

void Channel::Finish(double seconds) {
  const int64_t until = MonotonicMs() + static_cast<int64_t>(seconds * 1000);
  while (fd_ && queued() > 0 && MonotonicMs() < until) {
    pollfd writable = {fd_.get(), POLLOUT, 0};
    poll(&writable, 1, static_cast<int>(until - MonotonicMs()));
    if (writable.revents & (POLLHUP | POLLERR)) break;
    Write();
  }
  Close();
}

void Channel::Close() {
  if (!fd_) return;
  CloseSocket();
  on_close_ = nullptr;
  // A callback may own this channel, and may be the one that closes it: they go when it has returned.
  loop_->Later([on_frame = std::move(on_frame_), on_drained = std::move(on_drained_)] {});
}

void Channel::CloseSocket() {
  if (!fd_) return;
  loop_->Forget(fd_.get());
  fd_.Reset();
}

}  // namespace launcher
