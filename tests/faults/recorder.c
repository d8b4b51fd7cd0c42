/* Preloaded into a program: records, in their order, what it does to the files in ONEROOM_RECORDED
 * and what it sends to sockets, in the file ONEROOM_RECORD. tests/faults/disk.py reads that.
 *
 * A record is "<what> <length of path> <offset> <length of data>\n", path, data. An fsync is recorded
 * when it has succeeded, everything else before it happens. What is mapped into memory (SQLite's -shm
 * file, which it rebuilds) is not recorded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;

static void put(const char *what, const char *path, long long offset, const void *data, size_t length) {
    char head[64];
    int size = snprintf(head, sizeof head, "%s %zu %lld %zu\n", what, strlen(path), offset, length);
    __typeof__(&write) real = REAL(write);
    pthread_mutex_lock(&lock);
    if (record < 0)
        record = REAL(open64)(getenv("ONEROOM_RECORD"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (real(record, head, size) != size || real(record, path, strlen(path)) < 0 ||
        real(record, data, length) != (ssize_t)length)
        abort();
    pthread_mutex_unlock(&lock);
}

static int is_recorded(const char *path) {
    const char *folder = getenv("ONEROOM_RECORDED");
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

/* Write the path of a recorded file into `path`; return whether it is one. */
static int find(int fd, char *path, size_t size) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_recorded(path);
}

static int opening(const char *path, int flags, int mode, int (*real)(const char *, int, ...)) {
    if (is_recorded(path)) {
        if (flags & O_CREAT && access(path, F_OK))
            put("create", path, 0, "", 0);
        else if (flags & O_TRUNC)
            put("truncate", path, 0, "", 0);
    }
    return real(path, flags, mode);
}

#define OPEN(name)                                           \
    int name(const char *path, int flags, ...) {             \
        va_list more;                                        \
        va_start(more, flags);                               \
        int mode = va_arg(more, int);                        \
        va_end(more);                                        \
        return opening(path, flags, mode, REAL(name));       \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *data, size_t length) {
    char path[4096];
    if (find(fd, path, sizeof path)) {
        struct stat about;
        int flags = fcntl(fd, F_GETFL);
        fstat(fd, &about);
        put("write", path, flags & O_APPEND ? about.st_size : lseek(fd, 0, SEEK_CUR), data, length);
    }
    return REAL(write)(fd, data, length);
}

#define PWRITE(name, offset_type)                                                \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) {  \
        char path[4096];                                                         \
        if (find(fd, path, sizeof path))                                         \
            put("write", path, offset, data, length);                            \
        return REAL(name)(fd, data, length, offset);                             \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset_type)                    \
    int name(int fd, offset_type length) {             \
        char path[4096];                               \
        if (find(fd, path, sizeof path))               \
            put("truncate", path, length, "", 0);      \
        return REAL(name)(fd, length);                 \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                     \
    int name(int fd) {                                 \
        char path[4096];                               \
        int result = REAL(name)(fd);                   \
        if (!result && find(fd, path, sizeof path))    \
            put("sync", path, 0, "", 0);               \
        return result;                                 \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    if (is_recorded(path))
        put("unlink", path, 0, "", 0);
    return REAL(unlink)(path);
}

int rename(const char *old, const char *new) {
    if (is_recorded(old))
        put("rename", old, 0, new, strlen(new));
    return REAL(rename)(old, new);
}

int mkdir(const char *path, mode_t mode) {
    int result = REAL(mkdir)(path, mode);
    if (!result && is_recorded(path))
        put("mkdir", path, 0, "", 0);
    return result;
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
    if (length)
        put("send", "", fd, data, length);
    return REAL(send)(fd, data, length, flags);
}
