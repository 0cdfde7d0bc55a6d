// The least that a fan-out can cost: one RTMP publisher in, N RTMP pushes out, and nothing else. One thread, each message written
// once, one send() for each target and batch. A batch ends with every K-th video message and takes the sound before it along.
//   rtmp_floor -l LISTEN_PORT -t TARGET_PORT -n TARGETS -k VIDEO_MESSAGES_PER_BATCH
// Prints "READY" when it publishes to all targets.
#include "fan.h"
#include "rtmp.h"

enum { CHUNK_SIZE = 60000, LONGEST_WAIT_MS = 80 };

static target *targets;
static int target_count, videos_per_batch = 1;
static uint8_t *batch;
static size_t batch_length, batch_room;
static int videos, publisher = -1, stage;
static int64_t due_us; // of a batch that no video ends
static message_reader *reader;

static void flush_batch(void) {
  if (batch_length) fan_out(targets, target_count, batch, batch_length);
  batch_length = videos = 0;
  due_us = 0;
}

static int on_message(void *owner, uint8_t type, uint32_t time, uint8_t *payload, uint32_t length) {
  (void)owner;
  static char name[64];
  if (type == COMMAND) serve_command(publisher, payload, length, name, sizeof name);
  if (type != AUDIO && type != VIDEO && type != DATA) return 0;
  size_t room = batch_length + message_room(length, CHUNK_SIZE);
  if (room > batch_room) batch_room = room * 2, batch = grow(batch, batch_room);
  int chunk_stream_id = type == AUDIO ? 4 : type == VIDEO ? 6 : 5;
  batch_length += put_message(batch + batch_length, chunk_stream_id, type, time, 1, payload, length, CHUNK_SIZE);
  if (type == VIDEO && ++videos >= videos_per_batch) flush_batch();
  else if (!due_us) due_us = now_us() + (40 * videos_per_batch + LONGEST_WAIT_MS) * 1000;
  return 0;
}

static void read_publisher(void) {
  static uint8_t bytes[1 << 20];
  ssize_t got = recv(publisher, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) exit(0); // the stream is over
  feed_reader(reader, bytes, got);
  if (stage < 2) shake_hands(publisher, reader, &stage);
  if (stage == 2 && run_reader(reader, on_message, 0) < 0) fprintf(stderr, "this is not RTMP\n"), exit(1);
}

int main(int count, char **arguments) {
  int listen_port = 0, target_port = 0;
  for (int option; (option = getopt(count, arguments, "l:t:n:k:")) > 0;) {
    if (option == 'l') listen_port = atoi(optarg);
    if (option == 't') target_port = atoi(optarg);
    if (option == 'n') target_count = atoi(optarg);
    if (option == 'k') videos_per_batch = atoi(optarg);
  }
  signal(SIGPIPE, SIG_IGN);
  targets = calloc(target_count, sizeof *targets);
  for (int i = 0; i < target_count; i++) {
    char name[32];
    snprintf(name, sizeof name, "d%d", i);
    targets[i].fd = publish(target_port, "live", name, CHUNK_SIZE);
    set_nonblocking(targets[i].fd);
  }
  int listener = listen_on(listen_port, 0), poll = epoll_create1(0);
  struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
  reader = new_reader();
  printf("READY\n");
  fflush(stdout);
  for (;;) {
    int64_t left = due_us - now_us();
    struct epoll_event ready;
    int happened = epoll_wait(poll, &ready, 1, due_us == 0 ? -1 : left <= 0 ? 0 : (int)((left + 999) / 1000));
    if (due_us && now_us() >= due_us) flush_batch();
    if (happened < 1) continue;
    if (ready.data.fd != listener) {
      read_publisher();
    } else if (publisher < 0) {
      publisher = accept4(listener, 0, 0, SOCK_NONBLOCK);
      wanted.data.fd = publisher;
      epoll_ctl(poll, EPOLL_CTL_ADD, publisher, &wanted);
    } else {
      close(accept(listener, 0, 0));
    }
  }
}
