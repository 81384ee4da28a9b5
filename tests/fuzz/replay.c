/* SPDX-License-Identifier: MIT
 * Runs a fuzz target once on each file that is named, or that lies in a folder that is named: the corpus as a
 * plain test, and a finding under a debugger, without a fuzzer's runtime. */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static size_t runs;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    uint8_t *data;

    REQUIRE(file != NULL && fstat(fileno(file), &about) == 0);
    data = malloc((size_t)about.st_size + 1);
    REQUIRE(data != NULL && fread(data, 1, (size_t)about.st_size, file) == (size_t)about.st_size);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, (size_t)about.st_size);
    runs++;
    free(data);
    fclose(file);
}

static void replay(const char *path)
{
    DIR *folder = opendir(path);
    char inside[4096];

    if (folder == NULL) {
        replay_file(path);
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.') {
            snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
            replay_file(inside);
        }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%zu inputs\n", runs);
    return runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
