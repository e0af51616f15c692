/* cmocka with what it needs before it. */
#ifndef FOTAD_TESTS_CHECK_H
#define FOTAD_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
