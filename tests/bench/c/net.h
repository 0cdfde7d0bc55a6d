// Sockets and time for the programs beside this file. They are one thread each and end when anything fails at their own end.
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static inline int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static inline void sleep_until_us(int64_t due) {
  int64_t left = due - now_us();
  if (left <= 0) return;
  struct timespec t = {left / 1000000, left % 1000000 * 1000};
  nanosleep(&t, 0);
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline void *grow(void *old, size_t size) {
  void *grown = realloc(old, size);
  if (!grown) die("memory");
  return grown;
}

static inline void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static inline void set_nodelay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static inline int listen_on(int port, int receive_buffer) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (receive_buffer) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096)) die("listen");
  set_nonblocking(fd);
  return fd;
}

static inline int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&address, sizeof address)) die("connect");
  set_nodelay(fd);
  return fd;
}

static inline void write_all(int fd, const void *bytes, size_t size) {
  for (const char *at = bytes; size;) {
    ssize_t sent = write(fd, at, size);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) die("write");
    at += sent;
    size -= sent;
  }
}

static inline void read_all(int fd, void *bytes, size_t size) {
  for (char *at = bytes; size;) {
    ssize_t got = read(fd, at, size);
    if (got <= 0) die("read");
    at += got;
    size -= got;
  }
}

// Mapped, so that many processes that read one file share its memory.
static inline const uint8_t *map_file(const char *path, size_t *size) {
  int fd = open(path, O_RDONLY);
  struct stat about;
  if (fd < 0 || fstat(fd, &about)) die(path);
  *size = about.st_size;
  void *bytes = mmap(0, *size, PROT_READ, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) die(path);
  close(fd);
  return bytes;
}
