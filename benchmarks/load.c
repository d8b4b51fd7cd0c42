/* The load generator: many clients of one room in one thread. All join, some talk, all count messages.
 *
 *     load PROTOCOL PORT[,PORT...] MEMBERS [-t TALKERS] [-n STALLED] [-b BLOCK] [-w WINDOW] [-r RATE]
 *                                [-s SECONDS] [-c CONNECTING]
 *
 * The members connect to the ports in turns. TALKERS of them send messages, BLOCK in a write: as fast as the server reads; or with at
 * most WINDOW messages undelivered; or RATE messages a second, each with the time at which it was
 * due. STALLED members never read after they have joined. CONNECTING members join at a time.
 *
 * Prints a line of JSON when all have joined, waits for a line of input, runs the talkers for
 * SECONDS, waits as long again for messages still under way, and prints another line of JSON.
 * Exits when its input ends. "missing" is -1 if messages still arrived when the time was over.
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
#define MAX_ADDRESSES 16
#define TAIL 16              /* longer than any text of a handshake that is awaited */
#define EVENTS 512
#define BLOCKS 8             /* that one talker sends before the next one's turn */
#define SEND_BUFFER (32 * 1024)  /* bytes for a talker; what is in it is sent after the time is over */
#define WINDOW_TIMEOUT (SECOND / 2)  /* without a delivery, after which the window counts as lost */
#define DRAIN_TIMEOUT (2 * SECOND)   /* without a delivery, after which all that is missing is lost */
#define SETTLE_TIME (SECOND / 5)     /* without a byte, after which all join events have arrived */

struct member {
    int fd;
    int step;               /* of the handshake; -1 once joined */
    bool stalled, cut;      /* never reads; was disconnected by the server */
    bool writable;          /* talkers: whether the last send did not block */
    char tail[TAIL];        /* the last bytes received, during the handshake */
    size_t tail_size;
    struct stamp stamp;     /* the one that is being received */
    uint64_t received;      /* messages */
    char *block;            /* talkers: the messages of one write */
    size_t block_left;      /* bytes of it that are not sent yet */
};

static const struct protocol *protocol;
static struct sockaddr_in addresses[MAX_ADDRESSES];
static int address_count;
static int member_count, talkers = 1, stalled, block = 16, window, rate, connecting = 64;
static double seconds = 2;

static struct member *members;
static int epoll, timer;
static int connected, joined, cut;  /* members that have connected, joined, been disconnected */
static bool talking;
static uint64_t began, last_byte, last_delivery;
static uint64_t sent, received, acks, lost;
static struct latencies latencies;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- joining ------------------------------------------------------------------------ */

static void send_all(struct member *member, const char *at, size_t size)
{
    while (size) {
        ssize_t put = send(member->fd, at, size, MSG_NOSIGNAL);
        if (put < 0)
            die("send");
        at += put;
        size -= put;
    }
}

/* Go through the steps of the handshake whose awaited text has arrived. */
static void continue_handshake(struct member *member, const char *at, size_t size)
{
    for (;;) {
        const struct step *step = &protocol->steps[member->step];
        if (!step->await.size && !step->send.size) {
            member->step = -1;
            joined++;
            if (member->stalled)
                epoll_ctl(epoll, EPOLL_CTL_DEL, member->fd, NULL);
            return;
        }
        if (step->await.size) {
            const char *found = memmem(at, size, step->await.at, step->await.size);
            if (!found)
                return;
            size -= found + step->await.size - at;
            at = found + step->await.size;
        }
        char text[256];
        memcpy(text, step->send.at, step->send.size);
        char *number = memmem(text, step->send.size, MEMBER, strlen(MEMBER));
        if (number)
            write_number(number, strlen(MEMBER), member - members);
        send_all(member, text, step->send.size);
        member->step++;
    }
}

static void connect_member(struct member *member)
{
    bool talks = member - members < talkers;
    struct sockaddr_in *address = &addresses[(member - members) % address_count];
    member->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (talks)
        setsockopt(member->fd, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER}, sizeof(int));
    if (member->fd < 0 || connect(member->fd, (struct sockaddr *)address, sizeof *address))
        die("connect");
    setsockopt(member->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    member->stalled = member - members >= member_count - stalled;
    member->stamp.digits = OUTSIDE;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
    if (talks) {
        event.events |= EPOLLOUT | EPOLLET;
        member->block = malloc(block * (protocol->head.size + TEXT_SIZE + protocol->tail.size));
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, member->fd, &event);
    continue_handshake(member, "", 0);
}

/* --- receiving ---------------------------------------------------------------------- */

static void handle_bytes(struct member *member, char *at, size_t size)
{
    last_byte = now();
    if (member->step >= 0) {
        continue_handshake(member, at - member->tail_size, size + member->tail_size);
        member->tail_size = size < TAIL ? size : TAIL;
        memcpy(member->tail, at + size - member->tail_size, member->tail_size);
        return;
    }
    uint64_t messages = count(at, size, '|');
    if (!messages && !member->block)
        return;
    last_delivery = last_byte;
    member->received += messages;
    received += messages;
    if (rate)
        record_latencies(&latencies, &member->stamp, at, size, last_byte);
    if (member->block)
        acks += count(at, size, '^');
}

static void receive(struct member *member)
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
        handle_bytes(member, scratch + TAIL, size);
        if (!member->block) /* edge-triggered for talkers, so they must read to the end */
            return;
    }
}

/* --- talking ------------------------------------------------------------------------ */

static uint64_t expected(void)
{
    return sent * (member_count - stalled - (protocol->echoes ? 0 : 1));
}

static bool may_talk(uint64_t time)
{
    if (!talking)
        return false;
    if (rate)
        return (time - began) * rate / SECOND >= sent;
    if (!window)
        return true;
    if (time - last_delivery > WINDOW_TIMEOUT)
        lost = expected() - received;
    return expected() - received - lost < (uint64_t)window * (expected() / (sent ? sent : 1)) || !sent;
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
        memset(at, 'x', TEXT_SIZE);
        *at = '|';
        write_number(at + 1, STAMP, rate ? began + sent * SECOND / rate : sent);
        at += TEXT_SIZE;
        memcpy(at, protocol->tail.at, protocol->tail.size);
        at += protocol->tail.size;
    }
    member->block_left = at - member->block;
}

/* Send the rest of the current block, and more blocks if the workload allows. */
static void talk(struct member *member)
{
    size_t size = block * (protocol->head.size + TEXT_SIZE + protocol->tail.size);
    for (int blocks = 0; blocks < BLOCKS && !member->cut; blocks++) {
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

/* Let every talker send. Return whether more can be sent at once. */
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

/* --- the run ------------------------------------------------------------------------- */

/* Wait at most so long for events and handle them. Return false when the input has ended. */
static bool handle_events(int milliseconds)
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
                receive(member);
        }
    }
    return true;
}

static void join_all(void)
{
    uint64_t start = now(), ended = start;
    members = calloc(member_count, sizeof *members);
    while (joined < member_count) {
        while (connected < member_count && connected - joined < connecting)
            connect_member(&members[connected++]);
        handle_events(100);
        ended = now();
        if (cut || ended - start > 300 * SECOND) {
            fprintf(stderr, "load: %d of %d have joined, %d were disconnected\n", joined, member_count, cut);
            exit(1);
        }
    }
    while (now() - last_byte < SETTLE_TIME)
        handle_events(50);
    printf("{\"joined\": %d, \"seconds\": %.3f, \"settled\": %.3f}\n", joined,
           (double)(ended - start) / SECOND, (double)(last_byte - start) / SECOND);
    fflush(stdout);
}

/* Wait for messages under way. Return whether what is missing then is lost, and not just late. */
static bool drain(uint64_t until)
{
    bool answered = protocol->head.size && memmem(protocol->head.at, protocol->head.size, REF, strlen(REF));
    while (received < expected() || (answered && acks < sent)) {
        uint64_t time = now();
        if (time - last_delivery > DRAIN_TIMEOUT)
            return true;
        if (time > until)
            return false;
        talk_all();
        handle_events(20);
    }
    return true;
}

static void run_workload(void)
{
    if (rate) {
        long every = SECOND / rate;
        struct itimerspec times = {{every / SECOND, every % SECOND}, {0, 1}};
        timerfd_settime(timer, 0, &times, NULL);
        prepare(&latencies, (seconds + 1) * rate * member_count);
    }
    double cpu = -used_cpu();
    began = last_delivery = now();
    uint64_t end = began + (uint64_t)(seconds * SECOND);
    for (bool more = true; now() < end; more = talk_all())
        handle_events(more ? 0 : 20);
    talking = false;
    bool over = drain(now() + (end - began) + DRAIN_TIMEOUT);
    cpu += used_cpu();

    uint64_t fewest = talkers + stalled < member_count ? UINT64_MAX : 0, most = 0;
    for (int i = talkers; i < member_count - stalled; i++) {
        fewest = members[i].received < fewest ? members[i].received : fewest;
        most = members[i].received > most ? members[i].received : most;
    }
    sort(&latencies);
    printf("{\"seconds\": %.4f, \"sent\": %lu, \"received\": %lu, \"missing\": %ld, ",
           (double)(last_delivery - began) / SECOND, sent, received, over ? (long)(expected() - received) : -1);
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
    while ((option = getopt(argc, argv, "t:n:b:w:r:s:c:")) != -1)
        switch (option) {
        case 't': talkers = atoi(optarg); break;
        case 'n': stalled = atoi(optarg); break;
        case 'b': block = atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 'r': rate = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'c': connecting = atoi(optarg); break;
        default: exit(2);
        }
    if (argc - optind != 3) {
        fprintf(stderr, "usage: load PROTOCOL PORT[,PORT...] MEMBERS [options]\n");
        exit(2);
    }
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocols[i].name, argv[optind]))
            protocol = &protocols[i];
    char *port = strtok(argv[optind + 1], ",");
    for (; port && address_count < MAX_ADDRESSES; port = strtok(NULL, ",")) {
        struct sockaddr_in *address = &addresses[address_count++];
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address->sin_port = htons(atoi(port));
    }
    member_count = atoi(argv[optind + 2]);
    if (!protocol || talkers + stalled > member_count) {
        fprintf(stderr, "load: unknown protocol, or too few members\n");
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
    join_all();
    while (!talking)
        if (!handle_events(-1))
            return 0;
    run_workload();
    while (handle_events(-1))
        continue;
    return 0;
}
