// The least that pushes over HTTP can cost: batches that are ready, at their time, to N targets over raw sockets, and nothing else.
//   http_floor -m post|put -t TARGET_PORT -n TARGETS -f SCHEDULE
// SCHEDULE: records of { u32 due in ms, u32 length, bytes }; the last one has no bytes and is due when the first one is again.
//   post   one request for each target, each batch is an HTTP chunk of it, framed already: MPEG-TS or fragments
//   put    each batch is a request for each target, followed by one for a playlist: segments
// Prints "READY" when all targets have said that they go on.
#include "fan.h"

typedef struct {
  uint32_t due_ms, length;
  const uint8_t *bytes;
} batch;

static batch *batches;
static size_t batch_count;
static target *targets;
static int target_count, target_port;

static void load(const char *path) {
  size_t size;
  const uint8_t *file = map_file(path, &size);
  for (size_t at = 0; at + 8 <= size; at += 8 + batches[batch_count++].length) {
    batches = grow(batches, (batch_count + 1) * sizeof *batches);
    batch *next = &batches[batch_count];
    memcpy(&next->due_ms, file + at, 4);
    memcpy(&next->length, file + at + 4, 4);
    next->bytes = file + at + 8;
  }
  if (batch_count < 2) fprintf(stderr, "the schedule is empty\n"), exit(1);
}

// ---- post ----

static void begin_posts(void) {
  for (int i = 0; i < target_count; i++) {
    int fd = targets[i].fd;
    char head[256], answer[256];
    int length = snprintf(head, sizeof head,
                          "POST /d%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", i,
                          target_port);
    write_all(fd, head, length);
    if (read(fd, answer, sizeof answer) < 12 || memcmp(answer + 9, "100", 3)) fprintf(stderr, "a target refuses\n"), exit(1);
  }
}

// ---- put: the segments are shared, each target has its own place in the one that it gets ----

typedef struct {
  char head[512]; // request heads, and the playlist behind its own
  size_t head_length, sent;
  const batch *segment; // 0 while the playlist is sent
  int is_sending, number;
} upload;

static upload *uploads;
static int poll_fd;

static void want(int i, uint32_t events) {
  struct epoll_event wanted = {.events = events, .data.u32 = i};
  epoll_ctl(poll_fd, EPOLL_CTL_MOD, targets[i].fd, &wanted);
}

static void go_on(int i) {
  upload *it = &uploads[i];
  size_t body = it->segment ? it->segment->length : 0;
  while (it->sent < it->head_length + body) {
    struct iovec parts[2];
    int count = 0;
    if (it->sent < it->head_length) parts[count++] = (struct iovec){it->head + it->sent, it->head_length - it->sent};
    size_t from = it->sent > it->head_length ? it->sent - it->head_length : 0;
    if (from < body) parts[count++] = (struct iovec){(void *)(it->segment->bytes + from), body - from};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = sendmsg(targets[i].fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) die("send");
    if (sent < 0) return want(i, EPOLLIN | EPOLLOUT);
    it->sent += sent;
  }
  want(i, EPOLLIN);
}

static void put_segment(int i, const batch *segment, int number) {
  upload *it = &uploads[i];
  if (it->is_sending) return; // the target is slower than the stream: it loses a segment, and is seen to be short of bytes
  it->is_sending = 1, it->segment = segment, it->sent = 0, it->number = number;
  it->head_length = snprintf(it->head, sizeof it->head, "PUT /d%d/%d.ts HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %u\r\n\r\n", i,
                             number, target_port, segment->length);
  go_on(i);
}

static void put_playlist(int i) {
  upload *it = &uploads[i];
  char playlist[256];
  int length = snprintf(playlist, sizeof playlist,
                        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:4.000,\n%d.ts\n",
                        it->number, it->number);
  it->segment = 0, it->sent = 0;
  it->head_length = snprintf(it->head, sizeof it->head, "PUT /d%d/index.m3u8 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\n\r\n%s",
                             i, target_port, length, playlist);
  go_on(i);
}

static void answered(int i) {
  char answer[512];
  if (recv(targets[i].fd, answer, sizeof answer, MSG_DONTWAIT) <= 0) return;
  if (uploads[i].segment) put_playlist(i);
  else uploads[i].is_sending = 0;
}

static void upload_until(int64_t due_us) {
  for (int64_t left; (left = due_us - now_us()) > 0;) {
    struct epoll_event ready[64];
    int happened = epoll_wait(poll_fd, ready, 64, (int)((left + 999) / 1000));
    for (int k = 0; k < happened; k++) {
      if (ready[k].events & EPOLLIN) answered(ready[k].data.u32);
      if (ready[k].events & EPOLLOUT) go_on(ready[k].data.u32);
    }
  }
}

int main(int count, char **arguments) {
  int is_put = 0;
  for (int option; (option = getopt(count, arguments, "m:t:n:f:")) > 0;) {
    if (option == 'm') is_put = !strcmp(optarg, "put");
    if (option == 't') target_port = atoi(optarg);
    if (option == 'n') target_count = atoi(optarg);
    if (option == 'f') load(optarg);
  }
  signal(SIGPIPE, SIG_IGN);
  poll_fd = epoll_create1(0);
  targets = calloc(target_count, sizeof *targets);
  uploads = calloc(target_count, sizeof *uploads);
  for (int i = 0; i < target_count; i++) targets[i].fd = connect_to(target_port);
  if (!is_put) begin_posts();
  for (int i = 0; i < target_count; i++) {
    set_nonblocking(targets[i].fd);
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = i};
    if (is_put) epoll_ctl(poll_fd, EPOLL_CTL_ADD, targets[i].fd, &wanted);
  }
  printf("READY\n");
  fflush(stdout);
  int64_t begin = now_us();
  for (int number = 0;; begin += batches[batch_count - 1].due_ms * 1000LL) {
    for (size_t k = 0; k + 1 < batch_count; k++, number++) {
      int64_t due = begin + batches[k].due_ms * 1000LL;
      if (is_put) upload_until(due);
      else sleep_until_us(due);
      if (!is_put) fan_out(targets, target_count, batches[k].bytes, batches[k].length);
      else
        for (int i = 0; i < target_count; i++) put_segment(i, &batches[k], number);
    }
  }
}
