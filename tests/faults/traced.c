/* SPDX-License-Identifier: MIT
 * Killing at a system call: ptrace stops the program before each, and the one that is counted down to is its
 * last. */
#include "traced.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool noticed(uint64_t call)
{
    static const long calls[] = {
        SYS_sendto, SYS_sendmsg,   SYS_write,     SYS_writev,   SYS_pwrite64, SYS_ppoll,
        SYS_fsync,  SYS_fdatasync, SYS_ftruncate, SYS_unlinkat, SYS_fcntl,
#ifdef SYS_poll
        SYS_poll,
#endif
#ifdef SYS_unlink
        SYS_unlink,
#endif
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if ((uint64_t)calls[i] == call)
            return true;
    }
    return false;
}

static int32_t start_traced(migrate_error **err)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
        return MIGRATE_ERROR_INTERNAL;
    return migrate_startup(api.url, api.options, NULL, err);
}

static int how(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == 0 ? FAULTS_OK : FAULTS_FAILED;
    ck_assert_msg(WTERMSIG(status) == SIGKILL, "a program crashed with signal %d", WTERMSIG(status));
    return FAULTS_KILLED;
}

/* About to make a call that counts? */
static bool at_call(pid_t child, int status)
{
    struct __ptrace_syscall_info info;
    return WSTOPSIG(status) == (SIGTRAP | 0x80) &&
           ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY && noticed(info.entry.nr);
}

int traced_kill(long nth, long *out_calls)
{
    pid_t child = faults_start_as(start_traced);
    int status = 0;
    *out_calls = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSTOPPED(status))
        ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    while (WIFSTOPPED(status)) {
        int stop = WSTOPSIG(status);
        if (at_call(child, status) && (*out_calls)++ == nth)
            kill(child, SIGKILL);
        bool ours = stop == SIGSTOP || (stop & ~0x80) == SIGTRAP;
        ptrace(PTRACE_SYSCALL, child, NULL, (void *)(intptr_t)(ours ? 0 : stop));
        ck_assert_int_eq(waitpid(child, &status, 0), child);
    }
    return how(status);
}

static int32_t try_to_trace(migrate_error **err)
{
    (void)err;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? MIGRATE_OK : MIGRATE_ERROR_INTERNAL;
}

bool traced_possible(void)
{
    bool possible = faults_end(faults_start_as(try_to_trace)) == FAULTS_OK;
    faults_forget_errors();
    return possible;
}
