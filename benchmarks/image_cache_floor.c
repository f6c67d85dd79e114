/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *      http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 *
 * The least that a sweep of a directory can cost: getdents64, one statx for each entry, one
 * unlinkat for each victim.
 *
 *   floor fill DIRECTORY LINKS COUNT   make COUNT files of 1 MiB without data; every second
 *                                      gets a second name in LINKS
 *   floor sweep DIRECTORY VICTIMS      look at each entry, remove so many of no further link
 *
 * sweep prints the microseconds of CPU that it took, and how many entries there were.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry {
    unsigned long long inode;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static long long cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec
           + used.ru_stime.tv_usec;
}

static int open_directory(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) {
        perror(path);
        exit(1);
    }
    return descriptor;
}

/* Scattered over all uuids, the same for the same number. */
static void name_of(unsigned long number, char *name)
{
    unsigned long long high = number * 0x9E3779B97F4A7C15ULL;
    unsigned long long low = (number + 1) * 0xC2B2AE3D27D4EB4FULL;
    sprintf(name, "%08llx-%04llx-%04llx-%04llx-%012llx", high >> 32, (high >> 16) & 0xffff,
            high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

static int fill(int directory, int links, unsigned long count)
{
    char name[64];
    for (unsigned long number = 0; number < count; number++) {
        name_of(number, name);
        int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (file < 0)
            continue; /* it is there */
        if (ftruncate(file, 1 << 20) || close(file))
            return 1;
        if (number % 2 && linkat(directory, name, links, name, 0)) {
            unlinkat(links, name, 0);
            if (linkat(directory, name, links, name, 0))
                return 1;
        }
    }
    return 0;
}

static int sweep(int directory, unsigned long victims)
{
    static char buffer[32768];
    unsigned long entries = 0;
    long read;
    long long began = cpu_us();
    while ((read = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < read;) {
            struct entry *entry = (struct entry *)(buffer + at);
            struct statx status;
            at += entry->length;
            if (entry->name[0] == '.')
                continue;
            if (statx(directory, entry->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status))
                continue;
            entries++;
            if (victims && status.stx_nlink == 1 && !unlinkat(directory, entry->name, 0))
                victims--;
        }
    }
    printf("%lld %lu\n", cpu_us() - began, entries);
    return read < 0;
}

int main(int count, char **words)
{
    if (count == 5 && !strcmp(words[1], "fill"))
        return fill(open_directory(words[2]), open_directory(words[3]), strtoul(words[4], 0, 10));
    if (count == 4 && !strcmp(words[1], "sweep"))
        return sweep(open_directory(words[2]), strtoul(words[3], 0, 10));
    fputs("usage: floor fill DIRECTORY LINKS COUNT | floor sweep DIRECTORY VICTIMS\n", stderr);
    return 2;
}
