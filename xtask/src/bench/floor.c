/* The floor of a tick: opens by path, reads and closes each file named on standard input, once a period, and does nothing
   else. Prints the CPU time of one pass in microseconds.   floor PASSES PERIOD_MS < list */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv) {
    int passes = argc > 1 ? atoi(argv[1]) : 1, period_ms = argc > 2 ? atoi(argv[2]) : 0;
    char **paths = NULL, line[4096];
    size_t count = 0, room = 0, bytes = 0, unread = 0;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (count == room) paths = realloc(paths, (room = room * 2 + 64) * sizeof *paths);
        paths[count++] = strdup(line);
    }
    double total = 0;
    for (int pass = 0; pass < passes; pass++) {
        struct timespec rest = {period_ms / 1000, period_ms % 1000 * 1000000L};
        nanosleep(&rest, NULL);
        double before = cpu_us();
        for (size_t i = 0; i < count; i++) {
            int file = open(paths[i], O_RDONLY | O_CLOEXEC);
            if (file < 0) { unread++; continue; }
            ssize_t got;
            while ((got = read(file, buffer, sizeof buffer)) > 0) bytes += got;
            close(file);
        }
        total += cpu_us() - before;
    }
    printf("%zu %zu %zu %.1f\n", count, bytes / (passes ? passes : 1), unread / (passes ? passes : 1), total / (passes ? passes : 1));
    return 0;
}
