# fotad: build, test, demo and bench from one page. `make help` lists targets.

CC ?= cc
VARIANT ?= release
B := build/$(VARIANT)

PKGS := libpq libmicrohttpd libxml-2.0 xmlsec1-openssl libcrypto jansson \
        libcurl libsystemd gnutls
# Only asked for when something is compiled, so that `make deps` runs first on
# a machine that has none of them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g'))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARNINGS := -Wall -Wextra -Werror -Wconversion -Wshadow -Wformat=2 \
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wcast-qual -Wundef \
  -Wpointer-arith -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fPIE
OPT_release := -O2 -D_FORTIFY_SOURCE=2
OPT_asan := -O1 -fsanitize=address -fno-omit-frame-pointer
OPT_ubsan := -O1 -fsanitize=undefined -fno-sanitize-recover=all
OPT_tsan := -O1 -fsanitize=thread
OPT_valgrind := -O1
OPT := $(OPT_$(VARIANT))
CFLAGS ?= -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) $(WARNINGS) \
  $(HARDEN) $(OPT) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(filter -fsanitize%,$(OPT)) $(LDFLAGS)
ALL_LIBS = $(PKG_LIBS) -linih -lcsv -lcrypt -lpthread

LIB_SRC := $(filter-out src/fotasim/%,$(wildcard src/*/*.c))
SIM_SRC := $(wildcard src/fotasim/*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)
TEST_SRC := $(wildcard tests/*/*_test.c)
EMBED := $(wildcard sql/*.sql schemas/*.xsd schemas/*.json)

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB := $(B)/libfotad.a
PROGRAMS := $(patsubst src/%.c,$(B)/%,$(wildcard src/fotad.c src/fotactl.c)) \
  $(if $(SIM_SRC),$(B)/fotasim)
TESTS := $(patsubst %.c,$(B)/%,$(TEST_SRC))

.DELETE_ON_ERROR:
.PHONY: all tests
all: $(PROGRAMS)
tests: all $(TESTS)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The SQL, the schemas and the pages travel inside the programs.
$(B)/embedded.s: $(EMBED) tools/embed.sh
	@mkdir -p $(@D)
	tools/embed.sh $(sort $(EMBED)) > $@
$(B)/embedded.o: $(B)/embedded.s $(EMBED)
	$(CC) -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC)) $(B)/embedded.o
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/fotad $(B)/fotactl: $(B)/%: $(B)/src/%.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)
$(B)/fotasim: $(call obj,$(SIM_SRC)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(B)/tests/%_test: $(B)/tests/%_test.o $(call obj,$(SUPPORT_SRC)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(ALL_LIBS)
$(call obj,$(TEST_SRC) $(SUPPORT_SRC)): ALL_CFLAGS += -Itests

-include $(shell find build -name '*.d' 2>/dev/null)
