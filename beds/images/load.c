// A known load, for tests that ask for one and look for it in the kernel's counters.
//   load spin                        uses all CPU it is given
//   load memory BYTES                touches so much anonymous memory and keeps it
//   load write FILE BYTES [RATE]     writes so many bytes, a multiple of 64 KiB, with O_DIRECT
//   load receive PORT                takes connections and reads what comes
//   load send ADDRESS PORT BYTES [RATE]      sends so many bytes by TCP and waits until all are read
// RATE is in bytes per second; without it, as fast as it goes. What writes or sends says when it began and when it was
// done, in milliseconds since the epoch.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, PACED_BLOCK = 64 << 10, PAGE = 4096 };

static void leave(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

// Waits until so many bytes are due by the clock; a late start is caught up with.
static void keep_pace(const struct timespec *start, size_t bytes, size_t rate) {
    if (rate == 0) return;
    struct timespec due = *start;
    due.tv_sec += (time_t)(bytes / rate);
    due.tv_nsec += (long)((double)(bytes % rate) / (double)rate * 1e9);
    if (due.tv_nsec >= 1000000000) {
        due.tv_sec++;
        due.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0) {
    }
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void spin(void) {
    for (volatile unsigned long turns = 0;; turns++) {
    }
}

static void memory(size_t bytes) {
    char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) die("mmap");
    for (size_t at = 0; at < bytes; at += PAGE) start[at] = 1;
    printf("touched %zu\n", bytes);
    fflush(stdout);
    for (;;) pause();
}

static void write_direct(const char *path, size_t bytes, size_t rate) {
    void *block;
    struct timespec start;
    size_t most = rate ? PACED_BLOCK : BLOCK;
    long long begin = now_ms();
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (bytes % PACED_BLOCK != 0 || posix_memalign(&block, PAGE, BLOCK) != 0) die("bytes");
    memset(block, 'x', BLOCK);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT, 0600);
    if (file < 0) die(path);
    for (size_t left = bytes; left > 0;) {
        ssize_t written = write(file, block, left < most ? left : most);
        if (written <= 0) die("write");
        left -= (size_t)written;
        keep_pace(&start, bytes - left, rate);
    }
    close(file);
    printf("wrote %zu %lld %lld\n", bytes, begin, now_ms());
}

static struct sockaddr_in place(const char *address, const char *port) {
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1) die("address");
    return result;
}

static void receive(const char *port) {
    static char buffer[BLOCK];
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = place("0.0.0.0", port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4) != 0) die("listen");
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) die("accept");
        while (read(connection, buffer, sizeof buffer) > 0) {
        }
        close(connection);
    }
}

static void send_bytes(const char *address, const char *port, size_t bytes, size_t rate) {
    static char buffer[PACED_BLOCK];
    struct timespec start;
    long long begin = now_ms();
    clock_gettime(CLOCK_MONOTONIC, &start);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = place(address, port);
    if (connect(connection, (struct sockaddr *)&there, sizeof there) != 0) die("connect");
    for (size_t left = bytes; left > 0;) {
        ssize_t written = write(connection, buffer, left < sizeof buffer ? left : sizeof buffer);
        if (written <= 0) die("send");
        left -= (size_t)written;
        keep_pace(&start, bytes - left, rate);
    }
    shutdown(connection, SHUT_WR);
    // The other side closes when it has read everything.
    while (read(connection, buffer, sizeof buffer) > 0) {
    }
    printf("sent %zu %lld %lld\n", bytes, begin, now_ms());
}

int main(int count, char **words) {
    signal(SIGTERM, leave);
    signal(SIGINT, leave);
    signal(SIGPIPE, SIG_IGN);
    const char *what = count > 1 ? words[1] : "";
    if (count == 2 && strcmp(what, "spin") == 0) spin();
    else if (count == 3 && strcmp(what, "memory") == 0) memory(strtoull(words[2], NULL, 10));
    else if ((count == 4 || count == 5) && strcmp(what, "write") == 0)
        write_direct(words[2], strtoull(words[3], NULL, 10), count == 5 ? strtoull(words[4], NULL, 10) : 0);
    else if (count == 3 && strcmp(what, "receive") == 0) receive(words[2]);
    else if ((count == 5 || count == 6) && strcmp(what, "send") == 0)
        send_bytes(words[2], words[3], strtoull(words[4], NULL, 10), count == 6 ? strtoull(words[5], NULL, 10) : 0);
    else {
        fprintf(stderr, "usage: load spin | memory BYTES | write FILE BYTES [RATE] | receive PORT | send ADDRESS PORT BYTES [RATE]\n");
        return 2;
    }
    return 0;
}
