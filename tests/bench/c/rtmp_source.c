// Publishes FLV files over RTMP in real time, for ever: rtmp_source FILE PORT APP NAME PHASE_MS
// Prints "T0 <microseconds since 1970>": the message with timestamp t is sent at T0 + t, and T0 is PHASE_MS behind a full multiple of the
// duration of a picture. The file is begun anew at its end, in step.
#include "rtmp.h"

enum { CHUNK_SIZE = 60000, TAG_HEADER = 11, FILE_HEADER = 13, PICTURE_MS = 40 };

static int64_t next_moment_us(int64_t earliest_us, int64_t phase_us) {
  const int64_t picture_us = PICTURE_MS * 1000;
  return (earliest_us - phase_us + picture_us - 1) / picture_us * picture_us + phase_us;
}

int main(int count, char **arguments) {
  if (count != 6) return fprintf(stderr, "rtmp_source FILE PORT APP NAME PHASE_MS\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  size_t size;
  const uint8_t *file = map_file(arguments[1], &size);
  uint8_t *out = grow(0, 8 << 20);
  int fd = publish(atoi(arguments[2]), arguments[3], arguments[4], CHUNK_SIZE);
  int64_t begin = next_moment_us(now_us() + 50000, atoi(arguments[5]) * 1000LL);
  printf("T0 %lld\n", (long long)begin);
  fflush(stdout);
  for (uint32_t base = 0, time = 0;; base = (time / PICTURE_MS + 1) * PICTURE_MS) {
    for (size_t at = FILE_HEADER; at + TAG_HEADER <= size;) {
      uint8_t type = file[at];
      const uint8_t *payload = file + at + TAG_HEADER;
      uint32_t length = get24(file + at + 1);
      if (at + TAG_HEADER + length > size) break;
      time = base + (get24(file + at + 4) | (uint32_t)file[at + 7] << 24);
      sleep_until_us(begin + time * 1000LL);
      size_t bytes;
      if (type == DATA) {
        amf head = {.length = 0};
        amf_string(&head, "@setDataFrame");
        uint8_t *data = grow(0, head.length + length);
        memcpy(data, head.bytes, head.length);
        memcpy(data + head.length, payload, length);
        bytes = put_message(out, 4, DATA, time, 1, data, head.length + length, CHUNK_SIZE);
        free(data);
      } else {
        bytes = put_message(out, type == AUDIO ? 6 : 7, type, time, 1, payload, length, CHUNK_SIZE);
      }
      write_all(fd, out, bytes);
      uint8_t answer[4096];
      while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0);
      at += TAG_HEADER + length + 4;
    }
  }
}
