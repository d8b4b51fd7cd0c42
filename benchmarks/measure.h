/* Clocks, counts and percentiles for the load generator. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define SECOND 1000000000ull

/* Returns nanoseconds on the monotonic clock. */
static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* Returns the CPU seconds that this process has used. */
static double used_cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Counts a byte, in a form that compilers turn into vector instructions. */
static uint64_t count(const char *at, size_t size, char wanted)
{
    uint64_t total = 0;
    while (size) {
        size_t part = size < 255 * 32 ? size : 255 * 32;
        uint8_t lanes[32] = {0}; /* the size of a part prevents overflow */
        size_t whole = part / 32 * 32;
        for (size_t i = 0; i < whole; i += 32)
            for (int lane = 0; lane < 32; lane++)
                lanes[lane] += at[i + lane] == wanted;
        for (int lane = 0; lane < 32; lane++)
            total += lanes[lane];
        for (size_t i = whole; i < part; i++)
            total += at[i] == wanted;
        at += part;
        size -= part;
    }
    return total;
}

static void write_number(char *at, int digits, uint64_t number)
{
    while (digits--) {
        at[digits] = '0' + number % 10;
        number /= 10;
    }
}

/* --- latencies ------------------------------------------------------------------------ */

#define STAMP 19 /* digits of the time in nanoseconds that follows the '|' of a message */
#define OUTSIDE (-1)

/* A stamp that may arrive in pieces. */
struct stamp {
    int digits;
    uint64_t time;
};

/* Latencies in microseconds. Of more than `most`, the rest is not recorded. */
struct latencies {
    uint32_t *values;
    size_t size, most;
};

static void prepare(struct latencies *latencies, size_t most)
{
    latencies->values = malloc(most * sizeof *latencies->values);
    latencies->most = most;
}

static void record_latencies(struct latencies *latencies, struct stamp *stamp, const char *at, size_t size,
                           uint64_t time)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] == '|') {
            *stamp = (struct stamp){0, 0};
        } else if (stamp->digits != OUTSIDE) {
            stamp->time = stamp->time * 10 + at[i] - '0';
            if (++stamp->digits == STAMP) {
                stamp->digits = OUTSIDE;
                if (latencies->size < latencies->most)
                    latencies->values[latencies->size++] = (time - stamp->time) / 1000;
            }
        }
    }
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort(struct latencies *latencies)
{
    if (latencies->size)
        qsort(latencies->values, latencies->size, sizeof *latencies->values, ascending);
}

/* Returns a percentile of sorted latencies, 0 if there are none. */
static uint32_t percentile(const struct latencies *sorted, double part)
{
    return sorted->size ? sorted->values[(size_t)(part * (sorted->size - 1))] : 0;
}

#endif
