# quiet.pl COMMAND…: runs COMMAND, and lets the kernel refuse all writes to descriptor 2.
#
# Wine writes its own lines to descriptor 2, even with WINEDEBUG=-all: about crashes, and about
# threads that still run while their process is killed. The standard error of a Windows program is a
# handle. Wine makes that handle from descriptor 2 when the first program starts. It writes the
# program's errors to another descriptor of the same open file. So no byte of a program is lost,
# late or out of order, and a terminal stays a terminal. But Linux programs that a Windows program
# starts have no standard error.
#
# See seccomp(2). If the machine does not have it, COMMAND runs without the filter.

use strict;
use warnings;

use constant {
  SYS_PRCTL => 157, PR_SET_NO_NEW_PRIVS => 38,
  SYS_SECCOMP => 317, SECCOMP_SET_MODE_FILTER => 1, SECCOMP_FILTER_FLAG_SPEC_ALLOW => 4,
  AUDIT_ARCH_X86_64 => 0xc000003e, SYS_WRITE => 1, SYS_WRITEV => 20,
  SECCOMP_RET_ERRNO => 0x00050000, SECCOMP_RET_ALLOW => 0x7fff0000, EBADF => 9,
  LOAD => 0x20, IS => 0x15, RETURN => 0x06,
  # Offsets in struct seccomp_data.
  NUMBER => 0, ARCHITECTURE => 4, DESCRIPTOR => 16,
};

# Each instruction: code, number of instructions to skip if equal and if not equal, value.
my @filter = (
  [LOAD, 0, 0, ARCHITECTURE],
  [IS, 0, 6, AUDIT_ARCH_X86_64],
  [LOAD, 0, 0, NUMBER],
  [IS, 1, 0, SYS_WRITE],
  [IS, 0, 3, SYS_WRITEV],
  [LOAD, 0, 0, DESCRIPTOR],
  [IS, 0, 1, 2],
  [RETURN, 0, 0, SECCOMP_RET_ERRNO | EBADF],
  [RETURN, 0, 0, SECCOMP_RET_ALLOW],
);
my $instructions = join '', map { pack 'SCCL', @$_ } @filter;
my $program = pack 'Q P', scalar @filter, $instructions;

# A user other than root can set a filter only with PR_SET_NO_NEW_PRIVS.
syscall SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0;
syscall SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, $program;
exec { $ARGV[0] } @ARGV;
exit 127;
