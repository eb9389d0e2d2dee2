/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C side of cmwq, as far as it goes: the opaque handle of a queue. A C program carries it between C++ parts;
 * queue::native() gives it and queue::from_native() takes it back. The handle owns nothing: the queue must outlive
 * every use of it.
 */
#ifndef CMWQ_CMWQ_H
#define CMWQ_CMWQ_H

typedef struct cmwq_queue cmwq_queue;

#endif
