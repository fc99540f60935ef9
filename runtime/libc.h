/*===- libc.h - What files of the runtime share of the C library ---*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler carries the files beside this one as LLVM bitcode for every architecture it can
 * compile for and links them into objects. Hence C99 without system headers: the functions that
 * several of them need are declared here, and their binary interface is the same on all 64-bit
 * Linux systems. Their code uses no more than every processor of its architecture has.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_RUNTIME_LIBC_H
#define TERNARY_RUNTIME_LIBC_H

#include <stddef.h>

void *calloc(size_t count, size_t bytes);
void free(void *block);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

int open(const char *path, int flags, ...);
int close(int file);
long read(int file, void *to, size_t bytes);

enum { OPEN_READ_ONLY = 0, OPEN_CLOSE_ON_EXEC = 02000000 };

#endif /* TERNARY_RUNTIME_LIBC_H */
