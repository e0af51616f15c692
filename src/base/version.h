/* The release, as --version says it. */
#ifndef FOTAD_BASE_VERSION_H
#define FOTAD_BASE_VERSION_H

#define FOTAD_VERSION "0.2.0"

/* Which of two programs on one database is the later one: one more than that
 * of sql/released.sha256 once anything of sql/ is changed (`make lint`). */
#define FOTAD_RELEASE 58

/* No clock that is before this is right. */
#define FOTAD_BUILT "2026-11-29T00:00:00Z"

#endif
