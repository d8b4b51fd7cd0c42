/* The practical limit: as little chat server as there can be, and nothing between it and the kernel.
 *
 *     limit PORT        listens there, on 127.0.0.1
 *
 * It speaks just enough of the lines dialect: a prompt, a name, then lines, which all others get
 * as "name: line". One thread, epoll; whatever was read in one turn goes to each member with one
 * send. While anybody lags, nobody is read from. No joins, no leaves, no limits, no checks.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64 * 1024)
#define EVENTS 64
#define MOST 20000
#define NAME 40

static const char prompt[] = "Введите ваше имя: ";
static const char no_command[] = "/help\n";

struct member {
    int fd;
    size_t name_size;        /* 0: still nameless */
    char name[NAME];         /* with ": " behind it */
    char part[CHUNK];        /* a line without its end; untouched pages cost nothing */
    size_t part_size;
    size_t own_from, own_to; /* its own lines in the batch, not for itself */
    char *late;              /* what it was too slow for */
    size_t late_size;
};

static struct member *members[MOST];
static int count;
static int lagging;                        /* how many have something late */
static int heard, late;                    /* epoll: who may talk, and who lags */
static char batch[EVENTS * CHUNK * NAME];  /* even lines of nothing but LF fit, with names */
static size_t batch_size;

static void admit(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 || count == MOST)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct member *member = members[count++] = calloc(1, sizeof *member);
    member->fd = fd;
    epoll_ctl(heard, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.ptr = member}});
    send(fd, prompt, sizeof prompt - 1, MSG_NOSIGNAL);
}

static void dismiss(struct member *member)
{
    for (int i = 0; i < count; i++)
        if (members[i] == member)
            members[i] = members[--count];
    lagging -= member->late_size > 0;
    close(member->fd);
    free(member->late);
    free(member);
}

static void add(const char *bytes, size_t size)
{
    memcpy(batch + batch_size, bytes, size);
    batch_size += size;
}

static void take_line(struct member *member, const char *line, size_t size)
{
    if (!member->name_size) {
        size_t most = sizeof member->name - 2;
        member->name_size = size - 1 < most ? size - 1 : most;
        memcpy(member->name, line, member->name_size);
        memcpy(member->name + member->name_size, ": ", 2);
        member->name_size += 2;
    } else if (*line == '/') {
        send(member->fd, no_command, sizeof no_command - 1, MSG_NOSIGNAL);
    } else {
        add(member->name, member->name_size);
        add(line, size);
    }
}

static void hear(struct member *member)
{
    static char chunk[2 * CHUNK];
    memcpy(chunk, member->part, member->part_size);
    ssize_t got = recv(member->fd, chunk + member->part_size, CHUNK - member->part_size, 0);
    if (got <= 0) {
        dismiss(member);
        return;
    }
    char *line = chunk, *end = chunk + member->part_size + got, *lf;
    member->own_from = batch_size;
    while ((lf = memchr(line, '\n', end - line))) {
        take_line(member, line, lf + 1 - line);
        line = lf + 1;
    }
    member->own_to = batch_size;
    member->part_size = end - line;
    memcpy(member->part, line, member->part_size);
}

static void give(struct member *member, const char *bytes, size_t size)
{
    ssize_t sent = member->late_size || !size ? 0 : send(member->fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0)
        sent = 0;
    size_t left = size - sent;
    if (!left)
        return;
    if (!member->late_size) {
        lagging++;
        epoll_ctl(late, EPOLL_CTL_ADD, member->fd, &(struct epoll_event){EPOLLOUT, {.ptr = member}});
    }
    member->late = realloc(member->late, member->late_size + left);
    memcpy(member->late + member->late_size, bytes + sent, left);
    member->late_size += left;
}

static void give_late(struct member *member)
{
    ssize_t sent = send(member->fd, member->late, member->late_size, MSG_NOSIGNAL);
    if (sent < 0) {
        dismiss(member);
        return;
    }
    member->late_size -= sent;
    memmove(member->late, member->late + sent, member->late_size);
    if (!member->late_size) {
        lagging--;
        epoll_ctl(late, EPOLL_CTL_DEL, member->fd, NULL);
    }
}

static void give_all(void)
{
    for (int i = 0; batch_size && i < count; i++) {
        struct member *member = members[i];
        if (!member->name_size)
            continue;
        give(member, batch, member->own_from);
        give(member, batch + member->own_to, batch_size - member->own_to);
        member->own_from = member->own_to = 0;
    }
    batch_size = 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: limit PORT\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("limit");
        return 1;
    }
    heard = epoll_create1(0);
    late = epoll_create1(0);
    epoll_ctl(heard, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(lagging ? late : heard, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct member *member = events[i].data.ptr;
            if (!member)
                admit(listener);
            else if (member->late_size)
                give_late(member);
            else
                hear(member);
        }
        give_all();
    }
}
