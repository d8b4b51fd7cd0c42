/* The practical limit of performance: the smallest bridge in C, directly on the system calls.
 *
 *     limit PORT ROOM        listens on PORT, connects to ROOM, both on 127.0.0.1
 *
 * One thread with epoll; the bytes of one side go to the other unchanged, with one receive and one
 * send. There is no WebSocket and there are no checks; a send that blocks makes all others wait.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64 * 1024)
#define EVENTS 1024
#define MAX_DESCRIPTORS 65536

static int other[MAX_DESCRIPTORS]; /* the other side of a connection, by descriptor */
static int ready;       /* the epoll descriptor */

static struct sockaddr_in local(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void watch(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    epoll_ctl(ready, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.fd = fd}});
}

static void admit(int listener, struct sockaddr_in room)
{
    int browser = accept(listener, NULL, NULL);
    int end = socket(AF_INET, SOCK_STREAM, 0);
    if (browser < 0 || end < 0 || connect(end, (struct sockaddr *)&room, sizeof room)) {
        close(browser);
        close(end);
        return;
    }
    other[browser] = end;
    other[end] = browser;
    watch(browser);
    watch(end);
}

static void pass_on(int fd)
{
    static char chunk[CHUNK];
    ssize_t size = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
    /* Delay ACKs, as the gateway does: one packet less for each delivery. */
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){0}, sizeof(int));
    if (size > 0)
        send(other[fd], chunk, size, MSG_NOSIGNAL);
    else if (size == 0) {
        close(other[fd]);
        close(fd);
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: limit PORT ROOM\n");
        return 2;
    }
    struct sockaddr_in here = local(arguments[1]), room = local(arguments[2]);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ready = epoll_create1(0);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, MAX_DESCRIPTORS)) {
        perror("limit");
        return 1;
    }
    watch(listener);
    for (;;) {
        struct epoll_event events[EVENTS];
        int found = epoll_wait(ready, events, EVENTS, -1);
        for (int i = 0; i < found; i++)
            if (events[i].data.fd == listener)
                admit(listener, room);
            else
                pass_on(events[i].data.fd);
    }
}
