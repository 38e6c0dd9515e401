# quiet.pl COMMAND…: runs COMMAND, and what is written to descriptor 2 goes nowhere.
#
# Wine writes lines of its own to descriptor 2, also with WINEDEBUG=-all: about threads that run on while
# their process is killed, and about crashes. The standard error of a Windows program is a handle. Wine
# makes it from descriptor 2 as the first program starts, and writes for it to another descriptor of
# the same open file. So the kernel refuses every write to the number 2, and no byte of a program is
# lost, late or out of order, and a terminal stays one. Programs of Linux that a Windows program starts
# have no standard error either.
#
# See seccomp(2). Where it is not to be had, COMMAND runs all the same.

use strict;
use warnings;

use constant {
  SYS_PRCTL => 157, PR_SET_NO_NEW_PRIVS => 38,
  SYS_SECCOMP => 317, SECCOMP_SET_MODE_FILTER => 1, SECCOMP_FILTER_FLAG_SPEC_ALLOW => 4,
  AUDIT_ARCH_X86_64 => 0xc000003e, SYS_WRITE => 1, SYS_WRITEV => 20,
  SECCOMP_RET_ERRNO => 0x00050000, SECCOMP_RET_ALLOW => 0x7fff0000, EBADF => 9,
  LOAD => 0x20, IS => 0x15, RETURN => 0x06,
  # Where struct seccomp_data has them.
  NUMBER => 0, ARCHITECTURE => 4, DESCRIPTOR => 16,
};

# Each instruction: what to do, how many to skip if equal and if not, its value.
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

# Who is not root may set a filter only so.
syscall SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0;
syscall SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, $program;
exec { $ARGV[0] } @ARGV;
exit 127;
