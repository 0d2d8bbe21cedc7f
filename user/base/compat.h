/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_COMPAT_H
#define WEIR_BASE_COMPAT_H

/*
 * What newer kernels have and the headers of the distributions that we build on lack. Numbers are
 * the kernel's ABI.
 */

/* Linux 6.6, e420bed02507 ("bpf: Add fd-based tcx multi-prog infra with link support"). */
#define COMPAT_BPF_TCX_INGRESS 46
#define COMPAT_BPF_TCX_EGRESS  47

/* Linux 6.6, 053c8e1f235d ("bpf: Add generic attach/detach/query API for multi-progs"): with no
 * other program named, at the head of the list. */
#define COMPAT_BPF_F_BEFORE (1U << 3)

/* Linux 6.5, 7b26952a91cf ("net: core: add getsockopt SO_PEERPIDFD"). */
#define COMPAT_SO_PEERPIDFD 77

#endif
