/* Preloaded into a process, it makes every sync of a file take ANXIN_SYNC_US microseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int late(const char *name, int file)
{
    const char *said = getenv("ANXIN_SYNC_US");
    long wait_us = said ? atol(said) : 0;
    struct timespec left = {wait_us / 1000000, wait_us % 1000000 * 1000};
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fsync(int file) { return late("fsync", file); }

int fdatasync(int file) { return late("fdatasync", file); }
