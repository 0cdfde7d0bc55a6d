// As much RTMP 1.0 as a publisher and a server that only counts need. AMF0 values of commands are written and read by hand.
#pragma once
#include "net.h"

enum { SET_CHUNK_SIZE = 1, WINDOW_ACK_SIZE = 5, SET_PEER_BANDWIDTH = 6, AUDIO = 8, VIDEO = 9, DATA = 18, COMMAND = 20 };
enum { HANDSHAKE = 1536, DEFAULT_CHUNK = 128 };

static inline uint32_t get24(const uint8_t *p) { return p[0] << 16 | p[1] << 8 | p[2]; }
static inline uint32_t get32(const uint8_t *p) { return (uint32_t)p[0] << 24 | get24(p + 1); }
static inline void put24(uint8_t *p, uint32_t v) { p[0] = v >> 16, p[1] = v >> 8, p[2] = v; }
static inline void put32(uint8_t *p, uint32_t v) { p[0] = v >> 24, put24(p + 1, v); }

// ---- reading: chunks to messages, §5.3 ----

typedef struct {
  uint32_t time, delta, length, got, room;
  uint8_t type, extended;
  uint8_t *payload;
} chunk_stream;

typedef struct {
  uint8_t *in;
  size_t length, room;
  uint32_t chunk_size;
  chunk_stream streams[64];
} message_reader;

// Gets each whole message; returns 1 to stop the reader there.
typedef int (*message_handler)(void *owner, uint8_t type, uint32_t time, uint8_t *payload, uint32_t length);

static inline message_reader *new_reader(void) {
  message_reader *reader = calloc(1, sizeof *reader);
  if (!reader) die("memory");
  reader->chunk_size = DEFAULT_CHUNK;
  return reader;
}

static inline void free_reader(message_reader *reader) {
  if (!reader) return;
  for (int i = 0; i < 64; i++) free(reader->streams[i].payload);
  free(reader->in);
  free(reader);
}

static inline void feed_reader(message_reader *reader, const uint8_t *bytes, size_t length) {
  if (reader->length + length > reader->room) {
    reader->room = (reader->length + length) * 2;
    reader->in = grow(reader->in, reader->room);
  }
  memcpy(reader->in + reader->length, bytes, length);
  reader->length += length;
}

static inline void consume(message_reader *reader, size_t length) {
  reader->length -= length;
  memmove(reader->in, reader->in + length, reader->length);
}

// Reads one chunk at `at`. Returns the place behind it, 0 when it is not there as a whole, -1 when it is not RTMP.
static inline ssize_t read_chunk(message_reader *reader, size_t at, chunk_stream **done) {
  const uint8_t *in = reader->in;
  size_t end = reader->length;
  if (at >= end) return 0;
  int format = in[at] >> 6, id = in[at] & 63;
  at++;
  if (id < 2) return -1; // ids of two and three bytes: nobody here uses them
  static const size_t header_sizes[] = {11, 7, 3, 0};
  if (at + header_sizes[format] > end) return 0;
  chunk_stream *stream = &reader->streams[id], next = *stream;
  uint32_t time = 0;
  if (format < 3) time = get24(in + at), next.extended = time == 0xffffff;
  if (format < 2) next.length = get24(in + at + 3), next.type = in[at + 6];
  at += header_sizes[format];
  if (next.extended) {
    if (at + 4 > end) return 0;
    time = get32(in + at), at += 4;
  }
  if (next.got == 0) {
    if (format == 0) next.time = time, next.delta = 0;
    else if (format < 3) next.delta = time, next.time += time;
    else next.time += next.delta;
  }
  uint32_t size = next.length - next.got < reader->chunk_size ? next.length - next.got : reader->chunk_size;
  if (at + size > end) return 0;
  if (next.length > next.room) next.room = next.length + 64, next.payload = grow(next.payload, next.room);
  if (size) memcpy(next.payload + next.got, in + at, size);
  next.got += size;
  *stream = next;
  if (next.got >= next.length) stream->got = 0, *done = stream;
  return at + size;
}

// Hands over every message that has come as a whole. Returns 1 when the handler stopped it, -1 when it is not RTMP.
static inline int run_reader(message_reader *reader, message_handler handler, void *owner) {
  size_t used = 0;
  int result = 0;
  while (!result) {
    chunk_stream *done = 0;
    ssize_t at = read_chunk(reader, used, &done);
    if (at < 0) result = -1;
    if (at <= 0) break;
    used = at;
    if (!done) continue;
    if (done->type == SET_CHUNK_SIZE && done->length >= 4) reader->chunk_size = get32(done->payload) & 0x7fffffff;
    else if (handler(owner, done->type, done->time, done->payload, done->length)) result = 1;
  }
  consume(reader, used);
  return result;
}

// ---- writing ----

static inline size_t message_room(uint32_t length, uint32_t chunk_size) { return 16 + length + (length / chunk_size + 1) * 5; }

// One message, its first chunk with a whole header (format 0). Returns its size.
static inline size_t put_message(uint8_t *out, int chunk_stream_id, uint8_t type, uint32_t time, uint32_t stream_id,
                                 const uint8_t *payload, uint32_t length, uint32_t chunk_size) {
  uint8_t *at = out;
  int extended = time >= 0xffffff;
  *at = chunk_stream_id;
  put24(at + 1, extended ? 0xffffff : time);
  put24(at + 4, length);
  at[7] = type;
  at[8] = stream_id, at[9] = stream_id >> 8, at[10] = stream_id >> 16, at[11] = stream_id >> 24;
  at += 12;
  if (extended) put32(at, time), at += 4;
  for (uint32_t sent = 0;;) {
    uint32_t size = length - sent < chunk_size ? length - sent : chunk_size;
    memcpy(at, payload + sent, size);
    at += size, sent += size;
    if (sent >= length) return at - out;
    *at++ = 0xc0 | chunk_stream_id;
    if (extended) put32(at, time), at += 4;
  }
}

// AMF0 values at the end of a buffer.
typedef struct {
  uint8_t bytes[1024];
  size_t length;
} amf;

static inline void amf_bytes(amf *out, const void *bytes, size_t size) {
  memcpy(out->bytes + out->length, bytes, size);
  out->length += size;
}

static inline void amf_key(amf *out, const char *text) {
  uint8_t size[] = {strlen(text) >> 8, strlen(text)};
  amf_bytes(out, size, 2);
  amf_bytes(out, text, strlen(text));
}

static inline void amf_string(amf *out, const char *text) {
  amf_bytes(out, "\x02", 1);
  amf_key(out, text);
}

static inline void amf_number(amf *out, double value) {
  union {
    double number;
    uint64_t bits;
  } v = {value};
  uint8_t bytes[9] = {0};
  for (int i = 0; i < 8; i++) bytes[1 + i] = v.bits >> (56 - 8 * i);
  amf_bytes(out, bytes, 9);
}

static inline void amf_null(amf *out) { amf_bytes(out, "\x05", 1); }
static inline void amf_object(amf *out) { amf_bytes(out, "\x03", 1); }
static inline void amf_object_end(amf *out) { amf_bytes(out, "\0\0\x09", 3); }

static inline void amf_property(amf *out, const char *key, const char *value) {
  amf_key(out, key);
  amf_string(out, value);
}

// A command begins with its name and the number of its transaction. `rest` is what follows.
typedef struct {
  char name[64];
  double transaction;
  const uint8_t *rest, *end;
} command;

static inline int read_command(command *out, const uint8_t *payload, uint32_t length) {
  if (length < 12 || payload[0] != 2) return 0;
  size_t size = payload[1] << 8 | payload[2];
  if (3 + size + 9 > length || size >= sizeof out->name) return 0;
  memcpy(out->name, payload + 3, size);
  out->name[size] = 0;
  union {
    double number;
    uint64_t bits;
  } v = {.bits = 0};
  for (int i = 0; i < 8; i++) v.bits = v.bits << 8 | payload[4 + size + i];
  out->transaction = v.number;
  out->rest = payload + 3 + size + 9;
  out->end = payload + length;
  return 1;
}

// ---- publisher ----

typedef struct {
  double transaction;
  int has_result, has_status, failed;
} publish_answer;

static inline int on_publish_answer(void *owner, uint8_t type, uint32_t time, uint8_t *payload, uint32_t length) {
  (void)time;
  publish_answer *answer = owner;
  command said;
  if (type != COMMAND || !read_command(&said, payload, length)) return 0;
  if (!strcmp(said.name, "onStatus")) return answer->has_status = 1;
  if (said.transaction != answer->transaction) return 0;
  if (!strcmp(said.name, "_error")) return answer->failed = 1;
  return answer->has_result = !strcmp(said.name, "_result");
}

static inline void await_answer(int fd, message_reader *reader, publish_answer *answer, const int *what) {
  while (!*what) {
    uint8_t bytes[4096];
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got > 0) feed_reader(reader, bytes, got);
    while (got > 0 && run_reader(reader, on_publish_answer, answer) == 1 && !*what && !answer->failed);
    if (got <= 0 || answer->failed) fprintf(stderr, "the RTMP server refuses\n"), exit(1);
  }
}

static inline void send_command(int fd, int chunk_stream_id, uint32_t stream_id, const amf *values, uint32_t chunk_size) {
  uint8_t out[2048];
  write_all(fd, out, put_message(out, chunk_stream_id, COMMAND, 0, stream_id, values->bytes, values->length, chunk_size));
}

// Publishes `name` of `app`, waiting for each answer. The message stream is taken to be 1, as all servers here have it. Returns the socket.
static inline int publish(int port, const char *app, const char *name, uint32_t chunk_size) {
  int fd = connect_to(port);
  uint8_t hello[1 + HANDSHAKE] = {3}, answer[1 + 2 * HANDSHAKE];
  for (int i = 9; i < 1 + HANDSHAKE; i++) hello[i] = i * 7;
  write_all(fd, hello, sizeof hello);
  read_all(fd, answer, sizeof answer);
  write_all(fd, answer + 1, HANDSHAKE);

  uint8_t size[4], out[64];
  put32(size, chunk_size);
  write_all(fd, out, put_message(out, 2, SET_CHUNK_SIZE, 0, 0, size, 4, DEFAULT_CHUNK));
  char url[256];
  snprintf(url, sizeof url, "rtmp://127.0.0.1:%d/%s", port, app);
  amf connect = {.length = 0};
  amf_string(&connect, "connect"), amf_number(&connect, 1), amf_object(&connect);
  amf_property(&connect, "app", app), amf_property(&connect, "type", "nonprivate");
  amf_property(&connect, "flashVer", "FMLE/3.0"), amf_property(&connect, "tcUrl", url), amf_object_end(&connect);
  send_command(fd, 3, 0, &connect, chunk_size);
  message_reader *reader = new_reader();
  publish_answer state = {.transaction = 1};
  await_answer(fd, reader, &state, &state.has_result);

  const char *before[] = {"releaseStream", "FCPublish"};
  for (int i = 0; i < 2; i++) {
    amf values = {.length = 0};
    amf_string(&values, before[i]), amf_number(&values, 2 + i), amf_null(&values), amf_string(&values, name);
    send_command(fd, 3, 0, &values, chunk_size);
  }
  amf create = {.length = 0};
  amf_string(&create, "createStream"), amf_number(&create, 4), amf_null(&create);
  send_command(fd, 3, 0, &create, chunk_size);
  state.has_result = 0, state.transaction = 4;
  await_answer(fd, reader, &state, &state.has_result);
  amf begin = {.length = 0};
  amf_string(&begin, "publish"), amf_number(&begin, 5), amf_null(&begin), amf_string(&begin, name), amf_string(&begin, "live");
  send_command(fd, 4, 1, &begin, chunk_size);
  await_answer(fd, reader, &state, &state.has_status);
  free_reader(reader);
  return fd;
}

// ---- server ----

// Takes C0 and C1, then C2, from what the reader has got, and answers. `stage` begins at 0; 2 is done.
static inline void shake_hands(int fd, message_reader *reader, int *stage) {
  if (*stage == 0 && reader->length >= 1 + HANDSHAKE) {
    uint8_t answer[1 + 2 * HANDSHAKE] = {3};
    for (int i = 9; i < 1 + HANDSHAKE; i++) answer[i] = i;
    memcpy(answer + 1 + HANDSHAKE, reader->in + 1, HANDSHAKE);
    write_all(fd, answer, sizeof answer);
    consume(reader, 1 + HANDSHAKE);
    *stage = 1;
  }
  if (*stage == 1 && reader->length >= HANDSHAKE) consume(reader, HANDSHAKE), *stage = 2;
}

// Copies the AMF0 string at `at` behind what `name` holds already.
static inline void append_string(char *name, size_t room, const uint8_t *at, const uint8_t *end) {
  if (at + 3 > end) return;
  size_t size = at[1] << 8 | at[2], used = strlen(name);
  if (at + 3 + size > end || used + size >= room) return;
  memcpy(name + used, at + 3, size);
  name[used + size] = 0;
}

// Answers a command of a publisher. Returns 1 when it was `publish`; `name` is then APP/STREAM.
static inline int serve_command(int fd, const uint8_t *payload, uint32_t length, char *name, size_t name_room) {
  command asked;
  if (!read_command(&asked, payload, length)) return 0;
  amf values = {.length = 0};
  if (!strcmp(asked.name, "connect")) {
    const uint8_t *app = memmem(asked.rest, asked.end - asked.rest, "\0\3app", 5);
    name[0] = 0;
    if (app) append_string(name, name_room - 1, app + 5, asked.end);
    strcat(name, "/");
    uint8_t out[256], control[5];
    size_t size = 0;
    put32(control, 50000000);
    control[4] = 2; // dynamic
    size += put_message(out, 2, WINDOW_ACK_SIZE, 0, 0, control, 4, DEFAULT_CHUNK);
    size += put_message(out + size, 2, SET_PEER_BANDWIDTH, 0, 0, control, 5, DEFAULT_CHUNK);
    put32(control, 4096);
    size += put_message(out + size, 2, SET_CHUNK_SIZE, 0, 0, control, 4, DEFAULT_CHUNK);
    write_all(fd, out, size);
    amf_string(&values, "_result"), amf_number(&values, asked.transaction);
    amf_object(&values), amf_property(&values, "fmsVer", "FMS/3,0,1,123"), amf_object_end(&values);
    amf_object(&values), amf_property(&values, "level", "status");
    amf_property(&values, "code", "NetConnection.Connect.Success"), amf_property(&values, "description", "ok");
    amf_object_end(&values);
  } else if (!strcmp(asked.name, "createStream")) {
    amf_string(&values, "_result"), amf_number(&values, asked.transaction), amf_null(&values), amf_number(&values, 1);
  } else if (!strcmp(asked.name, "releaseStream") || !strcmp(asked.name, "FCPublish")) {
    amf_string(&values, "_result"), amf_number(&values, asked.transaction), amf_null(&values), amf_null(&values);
  } else if (!strcmp(asked.name, "publish")) {
    append_string(name, name_room, asked.rest + 1, asked.end); // behind the null
    amf_string(&values, "onStatus"), amf_number(&values, 0), amf_null(&values);
    amf_object(&values), amf_property(&values, "level", "status");
    amf_property(&values, "code", "NetStream.Publish.Start"), amf_property(&values, "description", "ok");
    amf_object_end(&values);
    send_command(fd, 5, 1, &values, 4096);
    return 1;
  }
  if (values.length) send_command(fd, 3, 0, &values, 4096);
  return 0;
}
