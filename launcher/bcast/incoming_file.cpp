#include "bcast/incoming_file.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

namespace launcher {

void FileHeader::Pack(Packer* packer) const {
  packer->Text(path).Number(is_per_node).Number(mode).Number(replace).Number(accessed).Number(modified);
}

FileHeader FileHeader::Unpack(Unpacker* fields) {
  FileHeader header;
  header.path = fields->Text();
  header.is_per_node = fields->Number() != 0;
  header.mode = static_cast<int>(fields->Number()) & 07777;
  header.replace = fields->Number() != 0;
  header.accessed = fields->Number();
  header.modified = fields->Number();
  return header;
}

IncomingFile::IncomingFile(const FileHeader& header, const std::string& node_name)
    : header_(header), path_(header.path + (header.is_per_node ? "_" + node_name : "")) {}

IncomingFile::~IncomingFile() { Fail(0); }

int IncomingFile::Fail(int error) {
  fd_.Reset();
  if (!partial_.empty()) unlink(partial_.c_str());
  partial_.clear();
  return error;
}

int IncomingFile::Open() {
  struct stat there;
  if (stat(path_.c_str(), &there) == 0) {
    if (!header_.replace) return EEXIST;
    if (S_ISDIR(there.st_mode)) return EISDIR;
  }
  std::string name = path_ + ".XXXXXX";
  fd_.Reset(mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) return errno;
  partial_ = name;
  return 0;
}

int IncomingFile::Write(std::string_view bytes) {
  const int error = WriteAll(fd_.get(), bytes);
  return error == 0 ? 0 : Fail(error);
}

int IncomingFile::Finish() {
  if (fchmod(fd_.get(), static_cast<mode_t>(header_.mode)) != 0) return Fail(errno);
  if (header_.modified >= 0) {
    const timespec times[2] = {{header_.accessed, 0}, {header_.modified, 0}};
    if (futimens(fd_.get(), times) != 0) return Fail(errno);
  }
  // A file system may say only now that it is full. The descriptor must be gone before the file is run: ETXTBSY.
  if (close(fd_.Release()) != 0 || rename(partial_.c_str(), path_.c_str()) != 0) return Fail(errno);
  partial_.clear();
  return 0;
}

}  // namespace launcher
