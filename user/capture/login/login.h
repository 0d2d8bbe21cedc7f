/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_LOGIN_H
#define WEIR_CAPTURE_LOGIN_LOGIN_H

#include "event/event.h"

/*
 * One log-in as a log of the host has it, and the event that it becomes. What logs quote of others
 * (user names above all) may be any bytes but line ends.
 */
#define LOGIN_USER_MAX 255

struct login {
	weir_time at;		 /* as the log says; TIME_NONE: it does not */
	struct addr source;	 /* of the client */
	struct addr destination; /* of this host; both: if has_… */
	bool has_source, has_destination;
	bool success;
	uint16_t port;	       /* of the client; 0: not known */
	uint16_t service_port; /* of what it logs in to; 0: nothing on the network */
	uint32_t count;	       /* that this stands for */
	uint32_t user_length;  /* 0: not known */
	char user[LOGIN_USER_MAX + 1];
	const char *program;  /* "sshd" */
	const char *protocol; /* "ssh"; NULL: none */
	const char *method;   /* event.action: "password" "publickey" "pam" …; static */
	const char *provider; /* event.provider: "journal" "auth.log" "wtmp" "btmp"; static */
};

/* The event; its texts are the log-in's. */
void login_event(const struct login *login, struct event *event);

/* Sets user, cut to what fits. */
void login_set_user(struct login *login, const char *user, size_t length);

#endif
