/* Preloaded into a process that writes LMDB files named data.mdb: logs what reaches them, in order, and can make one call fail.
 *
 *   WRITE_LOG    file that records are appended to: type (1 byte), offset (8, little-endian), length (4), then the bytes
 *                  W write · D write through an O_DSYNC descriptor (on disk when it returns) · B flush begun · S flush succeeded
 *   FAIL_FLUSH   n: the n-th fdatasync or fsync fails with EIO
 *   FAIL_WRITE   n: the n-th write fails with EIO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int log_descriptor = -2;
static int flushes, writes;

static int is_database(int fd) {
  char link[40], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length >= 8 && memcmp(path + length - 8, "data.mdb", 8) == 0;
}

static int is_turn(int *counter, const char *variable) {
  const char *turn = getenv(variable);
  return turn != NULL && __sync_add_and_fetch(counter, 1) == atoi(turn);
}

static void append(char type, uint64_t offset, const struct iovec *parts, int count, uint32_t length) {
  if (log_descriptor == -2) {
    const char *path = getenv("WRITE_LOG");
    log_descriptor = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  }
  if (log_descriptor < 0) return;
  unsigned char head[13];
  head[0] = (unsigned char)type;
  memcpy(head + 1, &offset, 8);
  memcpy(head + 9, &length, 4);
  struct iovec all[65];
  all[0].iov_base = head;
  all[0].iov_len = sizeof head;
  if (count > 64) abort();
  if (count > 0) memcpy(all + 1, parts, sizeof *parts * (size_t)count);
  if (syscall(SYS_writev, log_descriptor, all, count + 1) != (long)(sizeof head + length)) abort();
}

static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t offset) {
  if (!is_database(fd)) return syscall(SYS_pwritev, fd, parts, count, offset, 0);
  if (is_turn(&writes, "FAIL_WRITE")) {
    errno = EIO;
    return -1;
  }
  ssize_t written = syscall(SYS_pwritev, fd, parts, count, offset, 0);
  size_t wanted = 0;
  for (int i = 0; i < count; i += 1) wanted += parts[i].iov_len;
  if (written >= 0 && (size_t)written != wanted) abort();
  if (written > 0) {
    int synchronous = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    append(synchronous ? 'D' : 'W', (uint64_t)offset, parts, count, (uint32_t)written);
  }
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  struct iovec part = {(void *)bytes, length};
  return write_at(fd, &part, 1, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite64(fd, bytes, length, offset);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_at(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_at(fd, parts, count, offset);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!is_database(fd)) return syscall(SYS_writev, fd, parts, count);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t written = write_at(fd, parts, count, offset);
  if (written > 0) lseek(fd, offset + written, SEEK_SET);
  return written;
}
ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  return is_database(fd) ? writev(fd, &part, 1) : syscall(SYS_write, fd, bytes, length);
}

static int flush(int fd, long call) {
  if (!is_database(fd)) return (int)syscall(call, fd);
  if (is_turn(&flushes, "FAIL_FLUSH")) {
    errno = EIO;
    return -1;
  }
  append('B', 0, NULL, 0, 0);
  int result = (int)syscall(call, fd);
  if (result == 0) append('S', 0, NULL, 0, 0);
  return result;
}
int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
int fsync(int fd) { return flush(fd, SYS_fsync); }
