/* For src/duis: reading PEM without a person at hand. */
#ifndef FOTAD_DUIS_PEM_H
#define FOTAD_DUIS_PEM_H

/* OpenSSL's pem_password_cb that gives none; by default it asks the terminal.
 */
static inline int pem_no_password(char *text, int size, int writing,
                                  void *data) {
    (void)text, (void)size, (void)writing, (void)data;
    return -1;
}

#endif
