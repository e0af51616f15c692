/* The release, as --version says it. */
#ifndef FOTAD_BASE_VERSION_H
#define FOTAD_BASE_VERSION_H

#define FOTAD_VERSION "0.1.0"

#endif
