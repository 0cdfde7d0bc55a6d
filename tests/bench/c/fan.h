// The same bytes to many sockets: one send() for each, and what a full socket does not take waits in a buffer of its own.
#pragma once
#include "net.h"

typedef struct {
  int fd; // -1: the peer has gone
  uint8_t *waiting;
  size_t length, room;
} target;

static inline void keep(target *to, const uint8_t *bytes, size_t length) {
  if (to->length + length > to->room) to->room = (to->length + length) * 2, to->waiting = grow(to->waiting, to->room);
  memcpy(to->waiting + to->length, bytes, length);
  to->length += length;
}

// Returns what the socket has taken.
static inline size_t send_some(target *to, const uint8_t *bytes, size_t length) {
  ssize_t sent = send(to->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  if (errno != EAGAIN) close(to->fd), to->fd = -1;
  return 0;
}

static inline void fan_out(target *targets, int count, const uint8_t *bytes, size_t length) {
  for (int i = 0; i < count; i++) {
    target *to = &targets[i];
    if (to->fd >= 0 && to->length) {
      size_t sent = send_some(to, to->waiting, to->length);
      to->length -= sent;
      memmove(to->waiting, to->waiting + sent, to->length);
    }
    if (to->fd < 0) continue;
    size_t sent = to->length ? 0 : send_some(to, bytes, length);
    if (to->fd >= 0 && sent < length) keep(to, bytes + sent, length - sent);
  }
}
