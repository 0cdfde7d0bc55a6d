// The cheapest receiver of pushes, so that what is measured is the sender: sink -r RTMP_PORT -h HTTP_PORT -c CONTROL_PORT [-p PROBES]
// [-s SWEEP_MS] [-b RECEIVE_BUFFER]. One thread.
//
// RTMP publishers are answered up to `publish`; a POST up to its head. From then on their bytes are only counted: the kernel throws them away
// (MSG_TRUNC) in a sweep every 20 ms, so a sender pays for no wake-up of its target, as with one on another host. A PUT is read to its end
// and answered, and its connection goes on; there is nothing to GET, and everything can be deleted.
//
// The first PROBES of the others are read at once. Between `capture` and `dump` what comes there is kept with its time of arrival.
//
// Prints "READY" when it listens.
//
// Control, a line on a connection of its own:
//   stat          {"t": microseconds, "targets": [[is_open, bytes, requests, probe, "name"], ...]}
//   capture       ok
//   dump PATH     ok; the file holds records of { u32 probe, u32 length, i64 microseconds, bytes }
#include "rtmp.h"

enum kind { RTMP_LISTENER, HTTP_LISTENER, CONTROL_LISTENER, RTMP, HTTP, CONTROL };
enum http_state { HEAD, SIZED_BODY, CHUNK_SIZE_LINE, CHUNK_DATA, CHUNK_END, TRAILER };
enum { HEAD_ROOM = 8192 };

typedef struct connection {
  int fd; // -1: it is over
  enum kind kind;
  int is_target; // its media has begun
  uint64_t bytes, requests;
  char name[64];
  int probe;    // its number from 1 on, or 0
  int is_swept; // nobody waits for its bytes
  // RTMP
  message_reader *reader;
  int stage;
  // HTTP
  enum http_state http;
  char head[HEAD_ROOM];
  size_t head_length;
  uint64_t body_left;
} connection;

static int poll_fd, wanted_probes = 3, probes, is_capturing;
static connection **connections;
static size_t connection_count, connection_room;
static uint8_t scratch[1 << 20];
static uint8_t *captured;
static size_t captured_length, captured_room;

static connection *add(int fd, enum kind kind) {
  connection *added = calloc(1, sizeof *added);
  if (!added) die("memory");
  added->fd = fd;
  added->kind = kind;
  struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = added};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &wanted);
  if (kind != RTMP && kind != HTTP) return added;
  if (connection_count == connection_room) {
    connection_room = connection_room ? connection_room * 2 : 64;
    connections = grow(connections, connection_room * sizeof *connections);
  }
  return connections[connection_count++] = added;
}

static void end(connection *it) {
  if (it->fd >= 0) close(it->fd);
  it->fd = -1;
  free_reader(it->reader);
  it->reader = 0;
}

// Its media begins here: from now on it is a probe, or swept.
static void begin_media(connection *it) {
  it->is_target = 1;
  if (probes < wanted_probes) it->probe = ++probes;
  if (it->probe) return;
  epoll_ctl(poll_fd, EPOLL_CTL_DEL, it->fd, 0);
  it->is_swept = 1;
}

static void keep_bytes(const void *bytes, size_t length) {
  if (captured_length + length > captured_room) {
    captured_room = (captured_length + length) * 2;
    captured = grow(captured, captured_room);
  }
  memcpy(captured + captured_length, bytes, length);
  captured_length += length;
}

static void take_media(connection *it, const uint8_t *bytes, size_t length) {
  it->bytes += length;
  if (!it->probe || !is_capturing || !length) return;
  uint32_t head[] = {it->probe, length};
  int64_t at = now_us();
  keep_bytes(head, sizeof head);
  keep_bytes(&at, sizeof at);
  keep_bytes(bytes, length);
}

// Reads into `scratch`. Returns 0 when there is nothing more now, or for ever.
static size_t receive(connection *it, size_t room, int flags) {
  ssize_t got = recv(it->fd, scratch, room, MSG_DONTWAIT | flags);
  if (got > 0) return got;
  if (got == 0 || errno != EAGAIN) end(it);
  return 0;
}

static int on_rtmp_message(void *owner, uint8_t type, uint32_t time, uint8_t *payload, uint32_t length) {
  (void)time;
  connection *it = owner;
  return type == COMMAND && serve_command(it->fd, payload, length, it->name, sizeof it->name);
}

static void read_rtmp(connection *it) {
  for (size_t got; it->fd >= 0 && (got = receive(it, sizeof scratch, 0));) {
    if (it->is_target) {
      take_media(it, scratch, got);
      continue;
    }
    if (!it->reader) it->reader = new_reader();
    feed_reader(it->reader, scratch, got);
    if (it->stage < 2) shake_hands(it->fd, it->reader, &it->stage);
    if (it->stage < 2) continue;
    int result = run_reader(it->reader, on_rtmp_message, it);
    if (result < 0) fprintf(stderr, "a publisher does not speak RTMP\n"), end(it);
    if (result <= 0) continue;
    begin_media(it);
    take_media(it, it->reader->in, it->reader->length);
    free_reader(it->reader);
    it->reader = 0;
    if (it->is_swept) return;
  }
}

static void answer(connection *it, const char *status) {
  char head[128];
  int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
  it->http = HEAD;
  it->head_length = 0;
  if (write(it->fd, head, length) < 0) end(it);
}

static void answer_upload(connection *it) {
  it->requests++;
  answer(it, "200 OK");
}

// A head that is there as a whole, without its blank line.
static void begin_request(connection *it) {
  if (strcasestr(it->head, "100-continue") && write(it->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0) return end(it);
  sscanf(it->head, "%*s %63s", it->name);
  if (!strncmp(it->head, "POST ", 5)) return begin_media(it);
  if (strncmp(it->head, "PUT ", 4)) return answer(it, strncmp(it->head, "DELETE ", 7) ? "404 Not Found" : "200 OK");
  it->is_target = 1;
  const char *length = strcasestr(it->head, "\r\ncontent-length:");
  it->body_left = length ? strtoull(length + 17, 0, 10) : 0;
  it->head_length = 0;
  if (strcasestr(it->head, "\r\ntransfer-encoding:")) it->http = CHUNK_SIZE_LINE;
  else if (it->body_left) it->http = SIZED_BODY;
  else answer_upload(it);
}

// Collects a line or head that ends with `mark`. Returns how much of the bytes was used; `is_whole` when the mark has come.
static size_t collect(connection *it, const uint8_t *bytes, size_t length, const char *mark, int *is_whole) {
  size_t mark_length = strlen(mark);
  for (size_t used = 0; used < length;) {
    if (it->head_length + 1 >= HEAD_ROOM) return end(it), length;
    it->head[it->head_length++] = bytes[used++];
    if (it->head_length < mark_length || memcmp(it->head + it->head_length - mark_length, mark, mark_length)) continue;
    it->head[it->head_length - mark_length] = 0;
    *is_whole = 1;
    return used;
  }
  return length;
}

static size_t parse_http(connection *it, const uint8_t *bytes, size_t length) {
  int is_whole = 0;
  size_t used = 0;
  switch (it->http) {
    case HEAD:
      used = collect(it, bytes, length, "\r\n\r\n", &is_whole);
      if (is_whole) begin_request(it);
      return used;
    case CHUNK_SIZE_LINE:
      used = collect(it, bytes, length, "\r\n", &is_whole);
      if (!is_whole) return used;
      it->body_left = strtoull(it->head, 0, 16);
      it->head_length = 0;
      it->http = it->body_left ? CHUNK_DATA : TRAILER;
      return used;
    case CHUNK_END:
    case TRAILER:
      used = collect(it, bytes, length, "\r\n", &is_whole);
      if (!is_whole) return used;
      int is_blank = it->head_length == 2;
      it->head_length = 0;
      if (it->http == CHUNK_END) it->http = CHUNK_SIZE_LINE;
      else if (is_blank) answer_upload(it);
      return used;
    default: // a body
      used = length < it->body_left ? length : it->body_left;
      it->bytes += used;
      it->body_left -= used;
      if (it->body_left == 0 && it->http == SIZED_BODY) answer_upload(it);
      else if (it->body_left == 0) it->http = CHUNK_END;
      return used;
  }
}

static void read_http(connection *it) {
  while (it->fd >= 0) {
    if (it->http == SIZED_BODY) {
      size_t got = receive(it, it->body_left < sizeof scratch ? it->body_left : sizeof scratch, MSG_TRUNC);
      if (!got) return;
      parse_http(it, scratch, got); // only counts
      continue;
    }
    size_t got = receive(it, sizeof scratch, 0), used = 0;
    if (!got) return;
    int was_media = it->probe;
    while (it->fd >= 0 && used < got && !it->probe && !it->is_swept) used += parse_http(it, scratch + used, got - used);
    if (was_media || it->probe || it->is_swept) take_media(it, scratch + used, got - used);
    if (it->is_swept) return;
  }
}

static void sweep(void) {
  for (size_t i = 0; i < connection_count; i++) {
    connection *it = connections[i];
    if (!it->is_swept) continue;
    while (it->fd >= 0) {
      size_t got = receive(it, sizeof scratch, MSG_TRUNC);
      it->bytes += got;
      if (got < sizeof scratch) break;
    }
  }
}

static void control(connection *it) {
  char line[512];
  ssize_t got = recv(it->fd, line, sizeof line - 1, 0);
  line[got < 0 ? 0 : got] = 0;
  line[strcspn(line, "\n")] = 0;
  fcntl(it->fd, F_SETFL, fcntl(it->fd, F_GETFL) & ~O_NONBLOCK);
  FILE *out = fdopen(it->fd, "w");
  if (!out) die("control");
  if (!strcmp(line, "stat")) {
    fprintf(out, "{\"t\":%lld,\"targets\":[", (long long)now_us());
    const char *comma = "";
    for (size_t i = 0; i < connection_count; i++) {
      connection *target = connections[i];
      if (!target->is_target) continue;
      fprintf(out, "%s[%s,%llu,%llu,%d,\"%s\"]", comma, target->fd >= 0 ? "true" : "false", (unsigned long long)target->bytes,
              (unsigned long long)target->requests, target->probe, target->name);
      comma = ",";
    }
    fprintf(out, "]}\n");
  } else if (!strcmp(line, "capture")) {
    is_capturing = 1;
    captured_length = 0;
    fprintf(out, "ok\n");
  } else if (!strncmp(line, "dump ", 5)) {
    is_capturing = 0;
    FILE *file = fopen(line + 5, "wb");
    if (!file || fwrite(captured, 1, captured_length, file) != captured_length || fclose(file)) die(line + 5);
    fprintf(out, "ok\n");
  }
  fclose(out);
  free(it);
}

static void accept_all(connection *listener) {
  static const enum kind kinds[] = {[RTMP_LISTENER] = RTMP, [HTTP_LISTENER] = HTTP, [CONTROL_LISTENER] = CONTROL};
  for (int fd; (fd = accept4(listener->fd, 0, 0, SOCK_NONBLOCK)) >= 0;) {
    set_nodelay(fd);
    add(fd, kinds[listener->kind]);
  }
  if (errno == EMFILE || errno == ENFILE) die("accept");
}

int main(int count, char **arguments) {
  int rtmp_port = 0, http_port = 0, control_port = 0, sweep_ms = 20, receive_buffer = 4 << 20;
  for (int option; (option = getopt(count, arguments, "r:h:c:p:s:b:")) > 0;) {
    if (option == 'r') rtmp_port = atoi(optarg);
    if (option == 'h') http_port = atoi(optarg);
    if (option == 'c') control_port = atoi(optarg);
    if (option == 'p') wanted_probes = atoi(optarg);
    if (option == 's') sweep_ms = atoi(optarg);
    if (option == 'b') receive_buffer = atoi(optarg);
  }
  signal(SIGPIPE, SIG_IGN);
  poll_fd = epoll_create1(0);
  add(listen_on(rtmp_port, receive_buffer), RTMP_LISTENER);
  add(listen_on(http_port, receive_buffer), HTTP_LISTENER);
  add(listen_on(control_port, 0), CONTROL_LISTENER);
  puts("READY");
  fflush(stdout);
  struct epoll_event ready[256];
  for (int64_t next = now_us();;) {
    int64_t left = next - now_us();
    int happened = epoll_wait(poll_fd, ready, 256, left <= 0 ? 0 : (int)((left + 999) / 1000));
    for (int i = 0; i < happened; i++) {
      connection *it = ready[i].data.ptr;
      if (it->kind <= CONTROL_LISTENER) accept_all(it);
      else if (it->kind == CONTROL) control(it);
      else if (it->fd >= 0 && it->kind == RTMP) read_rtmp(it);
      else if (it->fd >= 0) read_http(it);
    }
    if (now_us() < next) continue;
    next = now_us() + sweep_ms * 1000;
    sweep();
  }
}
