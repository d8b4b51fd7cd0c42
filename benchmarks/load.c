/* A room full of clients in one thread: they enter, some talk, everybody counts what it hears.
 *
 *     load PROTOCOL PORT MEMBERS [-t TALKERS] [-d DEAF] [-b BLOCK] [-w WINDOW] [-r RATE]
 *                                [-s SECONDS] [-c CONNECTING]
 *
 * TALKERS of the MEMBERS talk, BLOCK messages a write: as fast as the server takes it; or with
 * at most WINDOW messages on their way; or RATE messages a second, each with the time it was
 * due in it. DEAF members never read once they are in. CONNECTING enter at a time.
 *
 * Prints a line of JSON when all are in, waits for a line of input, has them talk for SECONDS,
 * waits as long again for what is still on its way, prints another line of JSON; leaves when
 * its input ends. "missing" is -1 where the rest was late: it still came when time was over.
 * Times are in seconds, latencies in microseconds.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "protocols.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SCRATCH (256 * 1024)
#define TAIL 16              /* longer than anything that is awaited */
#define EVENTS 512
#define TURNS 8              /* blocks one talker may send before the others' turn */
#define UNSAID (32 * 1024)   /* bytes the kernel may hold for a talker: said after the time is over */
#define HOPELESS (SECOND / 2)  /* after so long without a delivery, a window is taken for lost */
#define SILENCE (2 * SECOND)   /* and after so long all that has not been heard */
#define QUIET (SECOND / 5)     /* after so long without a byte, everybody has heard who entered */

struct member {
    int fd;
    int turn;               /* of the conversation; -1 when in */
    bool deaf, cut;
    bool writable;          /* talkers: what the kernel last said */
    char tail[TAIL];        /* the end of what was received, while something is awaited */
    size_t tail_size;
    struct stamp stamp;     /* the one that is coming in */
    uint64_t heard;
    char *block;            /* talkers: what is sent at a time */
    size_t block_left;      /* how much of its end is not sent yet */
};

static const struct protocol *protocol;
static struct sockaddr_in address = {.sin_family = AF_INET};
static int member_count, talkers = 1, deaf, block = 16, window, rate, connecting = 64;
static double seconds = 2;

static struct member *members;
static int epoll, timer;
static int known, inside, cut;  /* members that have called, that are in, that were cut off */
static bool talking;
static uint64_t began, last_byte, last_heard;
static uint64_t sent, heard, acks, lost;
static struct latencies latencies;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- entering ----------------------------------------------------------------------- */

static void say_all(struct member *member, const char *at, size_t size)
{
    while (size) {
        ssize_t put = send(member->fd, at, size, MSG_NOSIGNAL);
        if (put < 0)
            die("send");
        at += put;
        size -= put;
    }
}

/* Take the turns that need not wait, or wait no longer. */
static void converse(struct member *member, const char *at, size_t size)
{
    for (;;) {
        const struct turn *turn = &protocol->turns[member->turn];
        if (!turn->await.size && !turn->send.size) {
            member->turn = -1;
            inside++;
            if (member->deaf)
                epoll_ctl(epoll, EPOLL_CTL_DEL, member->fd, NULL);
            return;
        }
        if (turn->await.size) {
            const char *found = memmem(at, size, turn->await.at, turn->await.size);
            if (!found)
                return;
            size -= found + turn->await.size - at;
            at = found + turn->await.size;
        }
        char words[256];
        memcpy(words, turn->send.at, turn->send.size);
        char *number = memmem(words, turn->send.size, MEMBER, strlen(MEMBER));
        if (number)
            write_number(number, strlen(MEMBER), member - members);
        say_all(member, words, turn->send.size);
        member->turn++;
    }
}

static void call_in(struct member *member)
{
    bool talks = member - members < talkers;
    member->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (talks)
        setsockopt(member->fd, SOL_SOCKET, SO_SNDBUF, &(int){UNSAID}, sizeof(int));
    if (member->fd < 0 || connect(member->fd, (struct sockaddr *)&address, sizeof address))
        die("connect");
    setsockopt(member->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    member->deaf = member - members >= member_count - deaf;
    member->stamp.digits = OUTSIDE;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
    if (talks) {
        event.events |= EPOLLOUT | EPOLLET;
        member->block = malloc(block * (protocol->head.size + WORDS + protocol->tail.size));
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, member->fd, &event);
    converse(member, "", 0);
}

/* --- listening ---------------------------------------------------------------------- */

static void note(struct member *member, char *at, size_t size)
{
    last_byte = now();
    if (member->turn >= 0) {
        converse(member, at - member->tail_size, size + member->tail_size);
        member->tail_size = size < TAIL ? size : TAIL;
        memcpy(member->tail, at + size - member->tail_size, member->tail_size);
        return;
    }
    uint64_t said = count(at, size, '|');
    if (!said && !member->block)
        return;
    last_heard = last_byte;
    member->heard += said;
    heard += said;
    if (rate)
        note_latencies(&latencies, &member->stamp, at, size, last_byte);
    if (member->block)
        acks += count(at, size, '^');
}

static void listen_to(struct member *member)
{
    static char scratch[TAIL + SCRATCH];
    for (;;) {
        memcpy(scratch + TAIL - member->tail_size, member->tail, member->tail_size);
        ssize_t size = recv(member->fd, scratch + TAIL, SCRATCH, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0) {
            member->cut = true;
            cut++;
            epoll_ctl(epoll, EPOLL_CTL_DEL, member->fd, NULL);
            return;
        }
        note(member, scratch + TAIL, size);
        if (!member->block) /* a talker is reported once, so it must read to the end */
            return;
    }
}

/* --- talking ------------------------------------------------------------------------ */

static uint64_t expected(void)
{
    return sent * (member_count - deaf - (protocol->echoes ? 0 : 1));
}

static bool may_talk(uint64_t time)
{
    if (!talking)
        return false;
    if (rate)
        return (time - began) * rate / SECOND >= sent;
    if (!window)
        return true;
    if (time - last_heard > HOPELESS)
        lost = expected() - heard;
    return expected() - heard - lost < (uint64_t)window * (expected() / (sent ? sent : 1)) || !sent;
}

static void fill_block(struct member *member)
{
    char *at = member->block;
    for (int i = 0; i < block; i++, sent++) {
        memcpy(at, protocol->head.at, protocol->head.size);
        char *ref = memmem(at, protocol->head.size, REF, strlen(REF));
        if (ref)
            write_number(ref + 1, strlen(REF) - 1, sent);
        at += protocol->head.size;
        memset(at, 'x', WORDS);
        *at = '|';
        write_number(at + 1, STAMP, rate ? began + sent * SECOND / rate : sent);
        at += WORDS;
        memcpy(at, protocol->tail.at, protocol->tail.size);
        at += protocol->tail.size;
    }
    member->block_left = at - member->block;
}

/* Send what is begun, and more where that is allowed. */
static void talk(struct member *member)
{
    size_t size = block * (protocol->head.size + WORDS + protocol->tail.size);
    for (int turn = 0; turn < TURNS && !member->cut; turn++) {
        if (!member->block_left) {
            if (!may_talk(now()))
                return;
            fill_block(member);
        }
        const char *at = member->block + size - member->block_left;
        ssize_t put = send(member->fd, at, member->block_left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0) {
            member->writable = false;
            return;
        }
        member->block_left -= put;
    }
}

/* Give every talker its turn; return whether there is more to say at once. */
static bool talk_all(void)
{
    static int first;
    bool more = false;
    for (int i = 0; i < talkers; i++) {
        struct member *member = &members[(first + i) % talkers];
        if (member->writable)
            talk(member);
        more |= member->writable && !member->cut;
    }
    first = (first + 1) % (talkers ? talkers : 1);
    return more && may_talk(now());
}

/* --- the course of it ---------------------------------------------------------------- */

/* Wait for what comes, at most so long, and deal with it; return false when the input has ended. */
static bool attend(int milliseconds)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, milliseconds);
    for (int i = 0; i < ready; i++) {
        struct member *member = events[i].data.ptr;
        if (member == NULL) {
            uint64_t ticks;
            if (read(timer, &ticks, sizeof ticks) < 0)
                die("timer");
        } else if ((void *)member == stdin) {
            char line[64];
            if (read(STDIN_FILENO, line, sizeof line) <= 0)
                return false;
            talking = true;
        } else {
            member->writable |= (events[i].events & EPOLLOUT) != 0;
            if (events[i].events & ~EPOLLOUT)
                listen_to(member);
        }
    }
    return true;
}

static void enter_all(void)
{
    uint64_t start = now(), entered = start;
    members = calloc(member_count, sizeof *members);
    while (inside < member_count) {
        while (known < member_count && known - inside < connecting)
            call_in(&members[known++]);
        attend(100);
        entered = now();
        if (cut || entered - start > 300 * SECOND) {
            fprintf(stderr, "load: %d of %d are in, %d were cut off\n", inside, member_count, cut);
            exit(1);
        }
    }
    while (now() - last_byte < QUIET)
        attend(50);
    printf("{\"inside\": %d, \"seconds\": %.3f, \"settled\": %.3f}\n", inside,
           (double)(entered - start) / SECOND, (double)(last_byte - start) / SECOND);
    fflush(stdout);
}

/* Wait for what is on its way; return whether what is missing now is lost, and not just late. */
static bool hear_the_rest(uint64_t until)
{
    bool answered = protocol->head.size && memmem(protocol->head.at, protocol->head.size, REF, strlen(REF));
    while (heard < expected() || (answered && acks < sent)) {
        uint64_t time = now();
        if (time - last_heard > SILENCE)
            return true;
        if (time > until)
            return false;
        talk_all();
        attend(20);
    }
    return true;
}

static void hold_conversation(void)
{
    if (rate) {
        long every = SECOND / rate;
        struct itimerspec times = {{every / SECOND, every % SECOND}, {0, 1}};
        timerfd_settime(timer, 0, &times, NULL);
        prepare(&latencies, (seconds + 1) * rate * member_count);
    }
    double cpu = -used_cpu();
    began = last_heard = now();
    uint64_t end = began + (uint64_t)(seconds * SECOND);
    for (bool more = true; now() < end; more = talk_all())
        attend(more ? 0 : 20);
    talking = false;
    bool over = hear_the_rest(now() + (end - began) + SILENCE);
    cpu += used_cpu();

    uint64_t fewest = talkers + deaf < member_count ? UINT64_MAX : 0, most = 0;
    for (int i = talkers; i < member_count - deaf; i++) {
        fewest = members[i].heard < fewest ? members[i].heard : fewest;
        most = members[i].heard > most ? members[i].heard : most;
    }
    sort(&latencies);
    printf("{\"seconds\": %.4f, \"sent\": %lu, \"heard\": %lu, \"missing\": %ld, ",
           (double)(last_heard - began) / SECOND, sent, heard, over ? (long)(expected() - heard) : -1);
    printf("\"fewest\": %lu, \"most\": %lu, \"acks\": %lu, \"cut\": %d, \"generator_cpu\": %.4f, ",
           fewest, most, acks, cut, cpu);
    printf("\"p50\": %u, \"p99\": %u, \"p999\": %u, \"slowest\": %u}\n",
           percentile(&latencies, .5), percentile(&latencies, .99), percentile(&latencies, .999),
           percentile(&latencies, 1));
    fflush(stdout);
}

static void read_arguments(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "t:d:b:w:r:s:c:")) != -1)
        switch (option) {
        case 't': talkers = atoi(optarg); break;
        case 'd': deaf = atoi(optarg); break;
        case 'b': block = atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'r': rate = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'c': connecting = atoi(optarg); break;
        default: exit(2);
        }
    if (argc - optind != 3) {
        fprintf(stderr, "usage: load PROTOCOL PORT MEMBERS [options]\n");
        exit(2);
    }
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocols[i].name, argv[optind]))
            protocol = &protocols[i];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(argv[optind + 1]));
    member_count = atoi(argv[optind + 2]);
    if (!protocol || talkers + deaf > member_count) {
        fprintf(stderr, "load: no such protocol, or not so many members\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    read_arguments(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &(struct epoll_event){EPOLLIN, {.ptr = NULL}});
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &(struct epoll_event){EPOLLIN, {.ptr = stdin}});
    enter_all();
    while (!talking)
        if (!attend(-1))
            return 0;
    hold_conversation();
    while (attend(-1))
        continue;
    return 0;
}
