#ifndef LAUNCHER_CHANNEL_CHANNEL_H_
#define LAUNCHER_CHANNEL_CHANNEL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"
#include "os/loop.h"
#include "text/error.h"

namespace launcher {

/// Version of everything that crosses a channel: the handshake and the frames below.
constexpr uint32_t kChannelVersion = 1;

/// What a frame says. Payloads are fields as Packer writes them, in the order given here.
enum class Frame : uint8_t {
  // Handshake (handshake.h).
  kHello = 1,    ///< server: version, nonce
  kAuth = 2,     ///< client: version, nonce, mac or "", peer, node, submission
  kWelcome = 3,  ///< server: mac or ""
  kRefused = 4,  ///< server: why

  // A client and the first node.
  kCreateStep = 10,     ///< client: StepRequest
  kStepRefused = 11,    ///< why; lines to be said before
  kStepCreated = 12,    ///< step id; count of nodes; for each: name, count of tasks, their ids
  kStdin = 13,          ///< client: task or kAllTasks, bytes (the rest); no bytes: end of file
  kStdinTaken = 14,     ///< how many bytes of input every task has taken since the last
  kSignal = 15,         ///< client: signal
  kOutput = 16,         ///< task, 1 or 2, bytes (the rest)
  kTaskEnded = 17,      ///< task, wait status as waitpid gives it
  kNodeLost = 18,       ///< name of the node
  kStepEnded = 19,      ///< no more frames of this step
  kEndAllocation = 20,  ///< owner: wait status of the job; signal or 0
  kSignalJob = 21,      ///< client: signal; step id, or one of SignalTarget
  kSignalled = 22,      ///< how many steps, or processes of the batch script, got it
  kStartStep = 23,      ///< client: program in place of the first word or "", whether the node's name comes behind it, WholeStep (step_request.h)
  kAllocation = 24,     ///< client: asks for what a command outside, which works in the allocation, is told of it
  kAllocationTold = 25,  ///< NAME=value, each
  kStepWaits = 26,      ///< why; kStepCreated or kStepRefused follows some time
  kWindow = 27,         ///< client: rows, columns of its terminal
  kUsage = 28,          ///< client: asks what the steps have used; to a share: what its tasks have
  kUsageTold = 29,      ///< how many, for each: step id or kBatchScript, ShareUsage (step_usage.h); from a share: ShareUsage
  kStepAborted = 34,    ///< the step is ended before its time

  // A file for nodes of the job: from a client, and, behind a number that tells files apart, to another node.
  kFileOpen = 40,   ///< FileHeader (incoming_file.h), names of nodes; to a node without these
  kFileData = 41,   ///< bytes (the rest)
  kFileClose = 42,  ///< 1: it is complete; 0: forget it
  kFileDone = 43,   ///< answer to each of them: count, for each node that has failed name and errno; from a node: file, errno

  // The first node and another one. Each step has a connection of its own, so that a slow reader of one
  // step's output holds up no other.
  kStartShare = 30,  ///< to the node: key; the node then connects with peer "share" and the key
  kShare = 31,       ///< to the share: StepShare (step_share.h)
  kTerminate = 32,   ///< to the share, and from the client: TERM to its tasks, and KILL after the grace time
  kEndJob = 33,      ///< to the node, and to the owner: the job is over

  // The leader of a heterogeneous job and the first node of another component (het_side.h).
  kComponent = 35,   ///< from the component: NAME=value, each, of its job
  kJobBegins = 36,   ///< all components are there
  kStepNumber = 38,  ///< client, to the leader: asks for the number of a step that it then creates in some of the components
  kStepNumberTold = 39,  ///< that number
  kStartRelay = 37,  ///< to the component: key; it then connects with peer "relay" and the key: a client of it is at the other end
};

constexpr uint32_t kAllTasks = 0xffffffff;

/// Who gets the signal of kSignalJob, where it is no single step.
enum SignalTarget : int64_t {
  kEveryStep = -1,
  kBatchScript = -2,  ///< its shell alone, not what that has started
  kWholeJob = -3,     ///< the script with all processes below it, and every step
};

/// The longest payload: an environment of several megabytes has to fit. Strangers may send less.
constexpr uint32_t kMostPayload = 64 << 20;
constexpr uint32_t kMostFromStrangers = 4096;

/// Writes the fields of a payload: numbers as 8 bytes, texts with their length as 4 bytes before them; big endian.
class Packer {
 public:
  Packer& Number(int64_t value);
  Packer& Text(std::string_view text);
  Packer& Texts(const std::vector<std::string>& texts);
  Packer& Numbers(const std::vector<int>& numbers);
  /// Bytes up to the end of the payload; the last field.
  std::string Rest(std::string_view bytes);
  const std::string& payload() const { return payload_; }

 private:
  std::string payload_;
};

/// What a peer may not send: a frame that is not as the protocol has it, or comes at a wrong moment. Its channel counts as broken.
class BadFrame : public LaunchError {
 public:
  explicit BadFrame(const std::string& why) : LaunchError(why, 1) {}
};

/// Reads them back. Throws BadFrame when the payload is too short.
class Unpacker {
 public:
  explicit Unpacker(std::string_view payload) : rest_(payload) {}
  int64_t Number();
  std::string Text();
  std::vector<std::string> Texts();
  std::vector<int> Numbers();
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view Take(size_t count);
  std::string_view rest_;
};

/// Frames over a stream socket, both ways, on a loop. A frame is its payload's length (4 bytes, big
/// endian), its type (1 byte), and the payload.
class Channel {
 public:
  using OnFrame = std::function<void(Frame, std::string_view payload)>;
  using OnClose = std::function<void()>;

  /// `fd` is made non-blocking. Callbacks may replace themselves by Listen, and may Close.
  Channel(Loop* loop, UniqueFd fd);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() { CloseSocket(); }

  /// From now on frames go to `on_frame`. `on_close` is called once: when the peer is gone, or `on_frame` throws BadFrame.
  void Listen(OnFrame on_frame, OnClose on_close);

  /// The payload is `fields` and then `rest`: what is much is copied only where the peer does not take it at once. Throws BadFrame
  /// for more than kMostPayload.
  void Send(Frame type, std::string_view fields = {}, std::string_view rest = {});

  /// Bytes that the peer has not taken yet. A source of output stops above kMuchQueued, and is
  /// started again by `on_drained`, which is called once everything has gone, if there was that much.
  size_t queued() const { return out_.size() - out_sent_; }
  bool is_full() const { return queued() > kMuchQueued; }
  void OnDrained(std::function<void()> on_drained) { on_drained_ = std::move(on_drained); }

  /// Lets the peer send frames up to kMostPayload: it is known now.
  void Trust() { most_payload_ = kMostPayload; }

  /// Stops and goes on reading: a peer that sends faster than somebody else takes has to wait.
  void Pause();
  void Resume();

  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }

  /// Sends what is queued, waiting for the peer at most `seconds`, and closes. No callbacks.
  void Finish(double seconds);
  /// Closes at once. No callbacks.
  void Close();

  static constexpr size_t kMuchQueued = 256 * 1024;

 private:
  void Read();
  void SendAtOnce(std::string* head, std::string_view* rest);
  void Write();
  void Drained();
  void Lost();
  void Dispatch();
  void CloseSocket();

  Loop* loop_;
  UniqueFd fd_;
  std::string in_;
  std::string out_;
  size_t out_sent_ = 0;
  bool was_full_ = false;
  uint32_t most_payload_ = kMostFromStrangers;
  OnFrame on_frame_;
  OnClose on_close_;
  std::function<void()> on_drained_;
};

}  // namespace launcher

#endif  // LAUNCHER_CHANNEL_CHANNEL_H_
