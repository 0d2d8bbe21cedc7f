/* SPDX-License-Identifier: Apache-2.0 */

/*
 * load serve PORT                              answers TCP connections and takes datagrams
 * load connect ADDRESS PORT SECONDS [NUMBER]   connections one after another, each answered once
 * load datagrams ADDRESS PORT SECONDS          datagrams of 64 bytes as fast as they go
 *
 * A load that costs little itself. `serve` runs until it is ended: it reads a question, sends an
 * answer and closes. `connect` spreads NUMBER connections over SECONDS, or without it makes as many
 * as it can. The clients say on one line what they did: done=N seconds=S per_second=N. They leave
 * with 1 if a connection failed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUESTION 64
#define ANSWER	 512
#define DATAGRAM 64
#define BACKLOG	 4096
#define BETWEEN	 64 /* datagrams between two looks at the clock */

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void sleep_until(double when)
{
	struct timespec at = {.tv_sec = (time_t)when};

	at.tv_nsec = (long)((when - (double)at.tv_sec) * 1e9);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static struct sockaddr_in endpoint(const char *address, const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, address, &at.sin_addr) == 1)
		return at;
	fprintf(stderr, "load: '%s' is no IPv4 address\n", address);
	exit(2);
}

static int bound(const char *port, int type)
{
	struct sockaddr_in at = endpoint("0.0.0.0", port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0)
		die("cannot open a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("cannot bind");
	return fd;
}

/* The datagrams' socket is never read: what does not fit is dropped behind the hooks. */
static _Noreturn void serve(const char *port)
{
	static const char answer[ANSWER];
	int fd = bound(port, SOCK_STREAM);
	char question[QUESTION];

	bound(port, SOCK_DGRAM);
	if (listen(fd, BACKLOG))
		die("cannot listen");
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		if (recv(client, question, sizeof(question), MSG_WAITALL) > 0)
			send(client, answer, sizeof(answer), MSG_NOSIGNAL);
		close(client);
	}
}

static int one_connection(const struct sockaddr_in *to)
{
	static const char question[QUESTION];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[ANSWER];
	ssize_t got, all = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) ||
	    send(fd, question, sizeof(question), MSG_NOSIGNAL) != QUESTION) {
		close(fd);
		return 0;
	}
	while ((got = recv(fd, answer, sizeof(answer), 0)) > 0)
		all += got;
	close(fd);
	return all == ANSWER;
}

static uint64_t connect_many(const struct sockaddr_in *to, double for_seconds, uint64_t number)
{
	double begun = now();
	uint64_t done = 0;

	while (number ? done < number : now() - begun < for_seconds) {
		if (number)
			sleep_until(begun + for_seconds * (double)done / (double)number);
		if (!one_connection(to))
			die("a connection failed");
		done++;
	}
	return done;
}

static uint64_t send_many(const struct sockaddr_in *to, double for_seconds)
{
	static const char datagram[DATAGRAM];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begun = now();
	uint64_t done = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		die("cannot reach it");
	while (now() - begun < for_seconds) {
		for (int i = 0; i < BETWEEN; i++)
			done += send(fd, datagram, sizeof(datagram), 0) == DATAGRAM;
	}
	close(fd);
	return done;
}

static int client(char **argv, int argc)
{
	struct sockaddr_in to = endpoint(argv[2], argv[3]);
	double begun = now(), for_seconds = atof(argv[4]), took;
	uint64_t done;

	if (!strcmp(argv[1], "connect"))
		done = connect_many(&to, for_seconds, argc > 5 ? strtoull(argv[5], NULL, 10) : 0);
	else
		done = send_many(&to, for_seconds);
	took = now() - begun;
	printf("done=%lu seconds=%.3f per_second=%.0f\n", (unsigned long)done, took,
	       (double)done / took);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	if (argc >= 5 && argc <= 6 &&
	    (!strcmp(argv[1], "connect") || (argc == 5 && !strcmp(argv[1], "datagrams"))))
		return client(argv, argc);
	fprintf(stderr,
		"usage: load serve PORT | connect ADDRESS PORT SECONDS [NUMBER] | datagrams "
		"ADDRESS PORT SECONDS\n");
	return 2;
}
