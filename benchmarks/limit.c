/* The practical limit of performance: the smallest chat server in C, directly on the system calls.
 *
 *     limit PORT        listens on 127.0.0.1
 *
 * It speaks the part of the lines dialect that the load generator needs: a prompt, a name, then
 * lines, which all others receive as "name: line". One thread with epoll; all that was read in one
 * round goes to each member in one send. While any member has a backlog, none is read from. There
 * are no join and leave events, no limits, and no checks.
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
#define MAX_MEMBERS 20000
#define NAME 40

static const char prompt[] = "Введите ваше имя: ";
static const char no_command[] = "/help\n";

struct member {
    int fd;
    size_t name_size;        /* 0: no name yet */
    char name[NAME];         /* followed by ": " */
    char part[CHUNK];        /* a line without its end; unused pages take no memory */
    size_t part_size;
    size_t own_from, own_to; /* its own lines in the batch, which are not sent to it */
    char *backlog;           /* bytes that it was too slow for */
    size_t backlog_size;
};

static struct member *members[MAX_MEMBERS];
static int count;
static int lagging;                        /* members that have a backlog */
static int readable, writable;             /* epolls: of all members; of those with a backlog */
static char batch[EVENTS * CHUNK * NAME];  /* large enough even for lines of a single LF, with names */
static size_t batch_size;

static void admit(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 || count == MAX_MEMBERS)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct member *member = members[count++] = calloc(1, sizeof *member);
    member->fd = fd;
    epoll_ctl(readable, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.ptr = member}});
    send(fd, prompt, sizeof prompt - 1, MSG_NOSIGNAL);
}

static void disconnect(struct member *member)
{
    for (int i = 0; i < count; i++)
        if (members[i] == member)
            members[i] = members[--count];
    lagging -= member->backlog_size > 0;
    close(member->fd);
    free(member->backlog);
    free(member);
}

static void add(const char *bytes, size_t size)
{
    memcpy(batch + batch_size, bytes, size);
    batch_size += size;
}

static void handle_line(struct member *member, const char *line, size_t size)
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

static void receive(struct member *member)
{
    static char chunk[2 * CHUNK];
    memcpy(chunk, member->part, member->part_size);
    ssize_t got = recv(member->fd, chunk + member->part_size, CHUNK - member->part_size, 0);
    if (got <= 0) {
        disconnect(member);
        return;
    }
    char *line = chunk, *end = chunk + member->part_size + got, *lf;
    member->own_from = batch_size;
    while ((lf = memchr(line, '\n', end - line))) {
        handle_line(member, line, lf + 1 - line);
        line = lf + 1;
    }
    member->own_to = batch_size;
    member->part_size = end - line;
    memcpy(member->part, line, member->part_size);
}

static void deliver(struct member *member, const char *bytes, size_t size)
{
    ssize_t sent = member->backlog_size || !size ? 0 : send(member->fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0)
        sent = 0;
    size_t left = size - sent;
    if (!left)
        return;
    if (!member->backlog_size) {
        lagging++;
        epoll_ctl(writable, EPOLL_CTL_ADD, member->fd, &(struct epoll_event){EPOLLOUT, {.ptr = member}});
    }
    member->backlog = realloc(member->backlog, member->backlog_size + left);
    memcpy(member->backlog + member->backlog_size, bytes + sent, left);
    member->backlog_size += left;
}

static void flush(struct member *member)
{
    ssize_t sent = send(member->fd, member->backlog, member->backlog_size, MSG_NOSIGNAL);
    if (sent < 0) {
        disconnect(member);
        return;
    }
    member->backlog_size -= sent;
    memmove(member->backlog, member->backlog + sent, member->backlog_size);
    if (!member->backlog_size) {
        lagging--;
        epoll_ctl(writable, EPOLL_CTL_DEL, member->fd, NULL);
    }
}

static void deliver_all(void)
{
    for (int i = 0; batch_size && i < count; i++) {
        struct member *member = members[i];
        if (!member->name_size)
            continue;
        deliver(member, batch, member->own_from);
        deliver(member, batch + member->own_to, batch_size - member->own_to);
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
    readable = epoll_create1(0);
    writable = epoll_create1(0);
    epoll_ctl(readable, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(lagging ? writable : readable, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct member *member = events[i].data.ptr;
            if (!member)
                admit(listener);
            else if (member->backlog_size)
                flush(member);
            else
                receive(member);
        }
        deliver_all();
    }
}
