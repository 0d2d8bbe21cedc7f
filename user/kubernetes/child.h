/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_KUBERNETES_CHILD_H
#define WEIR_KUBERNETES_CHILD_H

/*
 * The child that speaks with the Kubernetes API: this program, started anew with KUBERNETES_WORD
 * for its first word, with an empty environment and one descriptor, the channel to the engine. Over
 * it it is told where the server is (message.h); then it gives up all rights, all files but the
 * account's, all ports but the server's, and asks.
 */
#define KUBERNETES_WORD	   "kubernetes-child"
#define KUBERNETES_CHANNEL 3

/* The whole child: what main() does for KUBERNETES_WORD. An exit status. */
int kubernetes_child(void);

/* Becomes it, in a process that was made for it. Descriptors that it should not have are closed on
 * exec. */
_Noreturn void kubernetes_child_become(int channel);

#endif
