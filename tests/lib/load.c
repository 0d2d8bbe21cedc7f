/* SPDX-License-Identifier: Apache-2.0 */

/*
 * load serve PORT                              answers TCP connections and takes datagrams
 * load connect ADDRESS PORT SECONDS [NUMBER]   connections one after another, each answered once
 * load datagrams ADDRESS PORT SECONDS          datagrams of 64 bytes as fast as they go
 *
 * A load that costs little itself. `serve` runs until it is ended: it reads a question, sends an
 * answer and closes. `connect` spreads NUMBER connections over SECONDS, or without it makes as many
 * as it can. The clients say on one line what they did: done=N seconds=S cpu_ns=N, the last their
 * own processor time, in which much of the kernel's work at both ends is done. They leave with 1 if
 * a connection failed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sender.h"

#define QUESTION 64
#define ANSWER	 512
#define DATAGRAM 64
#define BACKLOG	 4096
#define BETWEEN	 64 /* datagrams between two looks at the clock */

static double now(void)
{
	return seconds(CLOCK_MONOTONIC);
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

/* A child that takes all datagrams and answers those that ask for it: an answered flow is one. */
static void serve_datagrams(const char *port)
{
	int fd = bound(port, SOCK_DGRAM);
	struct sockaddr_in from;
	char datagram[DATAGRAM];

	if (fork()) {
		close(fd);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (;;) {
		socklen_t length = sizeof(from);

		if (recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &length) >
			    0 &&
		    datagram[0])
			sendto(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, length);
	}
}

static _Noreturn void serve(const char *port)
{
	static const char answer[ANSWER];
	int fd = bound(port, SOCK_STREAM);
	char question[QUESTION];

	serve_datagrams(port);
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

/* Begins with a question. */
static uint64_t send_many(const struct sockaddr_in *to, double for_seconds)
{
	static const char datagram[DATAGRAM], ask[DATAGRAM] = {1};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begun = now();
	char answer[DATAGRAM];
	uint64_t done = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) ||
	    send(fd, ask, sizeof(ask), 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
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
	printf("done=%lu seconds=%.3f cpu_ns=%.0f\n", (unsigned long)done, took,
	       seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e9);
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
