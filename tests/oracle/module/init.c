// SPDX-License-Identifier: GPL-2.0
/*
 * The only process of the machine that asks the kernel: loads the module, gives it /script line by line, and writes each
 * line with its answer to the second serial port.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

static void ask(int oracle, const char *line, FILE *out)
{
	char answer[1024];
	ssize_t size;

	if (line[0] == '#' || line[0] == '\0')
		return;
	size = write(oracle, line, strlen(line)) < 0 ? -1 : pread(oracle, answer, sizeof(answer), 0);
	if (!strncmp(line, "script ", 7))
		fprintf(out, "%s\n", line);
	else
		fprintf(out, "%s = %.*s\n", line, size < 0 ? 0 : (int)size, answer);
}

static FILE *open_output(void)
{
	struct termios raw;
	int port = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);

	tcgetattr(port, &raw);
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	tcsetattr(port, TCSANOW, &raw);
	return fdopen(port, "w");
}

/* So that an operation which takes no CPU means that one, as do those that take one. */
static void stay_on_cpu_0(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
}

int main(void)
{
	char line[80];
	struct utsname name;
	FILE *script, *out;
	int oracle, module;

	stay_on_cpu_0();
	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	out = open_output();
	module = open("/oracle.ko", O_RDONLY);
	if (syscall(SYS_finit_module, module, "", 0))
		fprintf(out, "the module cannot be loaded: %m\n");
	uname(&name);
	fprintf(out, "# Linux %s, %s\n", name.release, name.version);
	script = fopen("/script", "r");
	oracle = open("/proc/oracle", O_RDWR);
	while (fgets(line, sizeof(line), script)) {
		line[strcspn(line, "\n")] = '\0';
		ask(oracle, line, out);
	}
	fprintf(out, "# all asked\n");
	fflush(out);
	tcdrain(fileno(out));
	reboot(RB_POWER_OFF);
	return 0;
}
