# fotad: build, test, demo and bench from one page. `make help` lists targets.

CC ?= cc
VARIANT ?= release
B := build/$(VARIANT)
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
# V=1 shows every command.
Q := $(if $(V),,@)
# Uses every core unless told otherwise by -j.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE = $(MAKE) --no-print-directory $(PARALLEL)

PKGS := libpq libmicrohttpd libxml-2.0 xmlsec1-openssl libcrypto jansson \
        libcurl libsystemd gnutls p11-kit-1
# Only asked for when something is compiled, so that `make deps` runs first on
# a machine that has none of them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g'))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARNINGS := -Wall -Wextra -Werror -Wconversion -Wshadow -Wformat=2 \
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wcast-qual -Wundef \
  -Wpointer-arith -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fPIE
OPT_release := -O2 -D_FORTIFY_SOURCE=2
OPT_asan := -O1 -DFOTAD_OWN_ALLOCATOR -fsanitize=address -fno-omit-frame-pointer
OPT_ubsan := -O1 -fsanitize=undefined -fno-sanitize-recover=all
OPT_tsan := -O1 -DFOTAD_OWN_ALLOCATOR -fsanitize=thread
OPT_valgrind := -O1 -DFOTAD_OWN_ALLOCATOR
OPT_coverage := -O0 --coverage
OPT_fuzz := -O1 -DFOTAD_OWN_ALLOCATOR -Wno-missing-field-initializers \
  -fsanitize=fuzzer-no-link,address,undefined \
  -fno-sanitize-recover=all
OPT := $(OPT_$(VARIANT))
CFLAGS ?= -g
C_FLAGS = -std=c17 -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) $(WARNINGS)
ALL_CFLAGS = $(C_FLAGS) $(HARDEN) $(OPT) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now \
  $(filter -fsanitize% --coverage,$(OPT)) $(LDFLAGS)
ALL_LIBS = $(PKG_LIBS) -lcsv -lcrypt -lpthread -lm

MAIN_SRC := $(wildcard src/*/main.c)
SIM_SRC := $(filter-out %/main.c,$(wildcard src/fotasim/*.c))
LIB_SRC := $(filter-out $(MAIN_SRC) $(SIM_SRC),$(wildcard src/*/*.c))
SUPPORT_SRC := $(wildcard tests/support/*.c)
TEST_SRC := $(wildcard tests/*/*_test.c)
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
SEED_SRC := $(wildcard tests/fuzz/*_seeds.c)
# The functions in the order of sql/order: each needs those before it.
SQL := $(patsubst %,sql/%.sql,$(file < sql/order))
ifneq ($(sort $(SQL)),$(sort $(wildcard sql/*.sql)))
$(error sql/order does not list the files of sql/: \
  $(filter-out $(SQL),$(wildcard sql/*.sql)) \
  $(filter-out $(wildcard sql/*.sql),$(SQL)))
endif
EMBED := $(sort $(wildcard sql/migrations/*.sql)) $(SQL) \
  $(sort $(wildcard schemas/*.xsd schemas/*.json)) \
  $(shell find web -type f 2>/dev/null)

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB := $(B)/libfotad.a
SIM := $(B)/libfotasim.a
PROGRAMS := $(patsubst src/%/main.c,$(B)/%,$(MAIN_SRC))
TESTS := $(patsubst %.c,$(B)/%,$(TEST_SRC)) $(wildcard tests/*/*_test.sh)
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(FUZZ_SRC))
CLOCK := $(if $(filter release coverage,$(VARIANT)),$(B)/tests/clock.so)
SEEDERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(SEED_SRC))

.DELETE_ON_ERROR:
.PHONY: all tests fuzzers help deps check asan ubsan tsan valgrind coverage \
  lint format fuzz check-faults demo demo-once bench soak install uninstall clean
all: $(PROGRAMS) ## build the programs into build/release
CHOSEN = $(if $(ONLY),$(foreach t,$(TESTS),$(if $(findstring $(ONLY),$(t)),$(t))),$(TESTS))
tests: all $(CHOSEN) $(B)/tests/faults/fotad_next $(CLOCK)
fuzzers: $(FUZZERS) $(SEEDERS)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The SQL, the schemas and the pages travel inside the programs.
$(B)/embedded.s: $(EMBED) tools/embed.sh
	@mkdir -p $(@D)
	$(Q)tools/embed.sh $(EMBED) > $@
$(B)/embedded.o: $(B)/embedded.s $(EMBED)
	$(Q)$(CC) -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC)) $(B)/embedded.o
$(SIM): $(call obj,$(SIM_SRC))
$(LIB) $(SIM):
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

LINK = @echo "  LD    $@"; $(if $(V),set -x;) \
  $(CC) $(ALL_LDFLAGS) -o $@ $^
$(B)/fotad $(B)/fotactl: $(B)/%: $(B)/src/%/main.o $(LIB)
	$(LINK) $(ALL_LIBS)
$(B)/fotasim: $(B)/src/fotasim/main.o $(SIM) $(LIB)
	$(LINK) $(ALL_LIBS)
# It needs next to nothing, and shows it.
$(B)/fotaverify: $(B)/src/fotaverify/main.o $(LIB)
	$(LINK) -lcrypto -ljansson -lpthread
$(B)/tests/%_test: $(B)/tests/%_test.o $(call obj,$(SUPPORT_SRC)) $(SIM) $(LIB)
	$(LINK) -lcmocka $(ALL_LIBS)
# A clock of its own for what a test starts (tests/support/own_clock.h); where
# the allocator or the linker is another's there is none.
$(B)/tests/clock.so: tests/support/preload/clock.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -fPIC -shared -o $@ $<
# fotad as a later release, with other SQL (tests/faults/upgrade_test.c).
NEXT := $(wildcard tests/faults/next/sql/migrations/*.sql tests/faults/next/sql/*.sql)
$(B)/next.s: $(EMBED) $(NEXT) tools/embed.sh
	@mkdir -p $(@D)
	$(Q)tools/embed.sh $(EMBED) $(NEXT) | \
	  sed 's|asciz "tests/faults/next/|asciz "|' > $@
$(B)/next.o: $(B)/next.s
	$(Q)$(CC) -c -o $@ $<
$(B)/tests/faults/fotad_next: $(B)/src/fotad/main.o $(B)/next.o $(LIB)
	@mkdir -p $(@D)
	$(LINK) $(ALL_LIBS)
$(FUZZERS): $(B)/%: $(B)/tests/fuzz/%.o $(SIM) $(LIB)
	$(LINK) -fsanitize=fuzzer $(ALL_LIBS)
$(SEEDERS): $(B)/%: $(B)/tests/fuzz/%.o $(call obj,$(SUPPORT_SRC)) $(SIM) $(LIB)
	$(LINK) -lcmocka $(ALL_LIBS)
$(call obj,$(TEST_SRC) $(SUPPORT_SRC) $(FUZZ_SRC) $(SEED_SRC)): \
  C_FLAGS += -Itests

-include $(shell find build -path build/package -prune -o -name '*.d' -type f -print 2>/dev/null)

help: ## this list
	@sed -n 's/^\([a-z -]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 28

deps: ## install the Debian packages that are missing (root or sudo)
	@tools/deps build

# ONLY=db runs the tests whose path has that in it.
check: ## build and run the tests
	@tools/deps build
	@$(SUBMAKE) tests
	@tests/run $(VARIANT) $(CHOSEN)

asan ubsan tsan: ## the same tests with a sanitizer
	@$(MAKE) --no-print-directory VARIANT=$@ check
valgrind: ## the same tests under valgrind
	@tools/deps valgrind
	@$(MAKE) --no-print-directory VARIANT=$@ check
coverage: ## the same tests, and the lines they reach, by room
	@$(MAKE) --no-print-directory VARIANT=$@ check
	@tools/coverage

C_FILES = $(wildcard src/*/*.[ch] tests/*/*.[ch])
SH_FILES = tools/deb tools/check-package tools/check-restore tests/package/inside tools/deps tools/pg tools/rooms tools/functions tools/demo \
  tools/citations tools/promises tools/release tools/release-before tools/lives tools/bench tools/bench.d/*.sh tools/lib/*.sh \
  tools/coverage tools/embed.sh tests/run tests/browser/run tests/browser/install tools/lint-web tests/openapi/run .ci/run $(wildcard tests/*/*_test.sh)
TIDIED = $(patsubst %.c,$(B)/%.tidied,$(LIB_SRC) $(SIM_SRC) $(MAIN_SRC) \
  $(TEST_SRC) $(SUPPORT_SRC))
.PHONY: lint-format lint-cppcheck
lint: ## format, clang-tidy, cppcheck, shellcheck, rooms, names, citations, promises
	@tools/deps build lint
	@$(SUBMAKE) all
	@tools/rooms $(B)
	@tools/functions
	@tools/citations
	@tools/promises
	@cd sql/migrations && sha256sum --quiet --check released.sha256
	@tools/release
	@tools/lint-web
	@$(SUBMAKE) lint-format lint-cppcheck $(TIDIED)
	@shellcheck $(wildcard $(SH_FILES))
	@mandoc -T lint -W warning docs/man/*.[1578]
	@echo "lint: nothing found"
lint-format:
	@clang-format --dry-run -Werror $(C_FILES)
lint-cppcheck:
	@mkdir -p build/cppcheck
	@cppcheck --quiet --cppcheck-build-dir=build/cppcheck --std=c11 \
	  --enable=warning,performance,portability --inline-suppr \
	  --suppressions-list=.cppcheck-suppressions --error-exitcode=1 \
	  -D_GNU_SOURCE -Isrc src
# Again only when the file or a header of it has changed.
$(B)/%.tidied: %.c $(B)/%.o .clang-tidy tests/.clang-tidy
	@echo "  TIDY  $<"
	$(Q)clang-tidy --quiet $< -- $(C_FLAGS) -Itests \
	  -Wno-missing-field-initializers 2>/dev/null
	@touch $@

# gcc's own analyser, over what is shipped. What it gets wrong is switched off
# where it stands, with the reason.
ANALYZED = $(patsubst %.c,$(B)/%.analyzed,$(LIB_SRC) $(SIM_SRC) $(MAIN_SRC))
.PHONY: analyze
analyze: ## gcc -fanalyzer over src
	@tools/deps build
	@$(SUBMAKE) CC=gcc $(ANALYZED)
	@echo "analyze: nothing found"
$(B)/%.analyzed: %.c $(B)/%.o
	@echo "  ANALYZE $<"
	$(Q)$(CC) $(C_FLAGS) -O2 -fanalyzer -c -o /dev/null $<
	@touch $@

format: ## write the files as clang-format wants them
	@tools/deps lint
	@clang-format -i $(C_FILES)

# Each number can be given: make check-faults KILLS=500 FAILOVERS=10.
FAULTS := $(patsubst %.c,$(B)/%,$(wildcard tests/faults/*_test.c))
check-faults: export KILLS := $(or $(KILLS),300)
check-faults: export CRASHES := $(or $(CRASHES),20)
check-faults: export FAILOVERS := $(or $(FAILOVERS),5)
check-faults: export CUTS := $(or $(CUTS),5)
check-faults: export ROUNDS := $(or $(ROUNDS),3)
check-faults: export STOPS := $(or $(STOPS),20)
check-faults: export FREEZES := $(or $(FREEZES),100)
check-faults: export LEAPS := $(or $(LEAPS),100)
check-faults: export VANISH := $(or $(VANISH),40)
check-faults: export DEVICES := $(or $(DEVICES),2000)
check-faults: ## kill, stop, freeze, cut and upgrade fotad and PostgreSQL under load, and set their clocks
	@tools/deps build faults
	@$(SUBMAKE) tests
	@TEST_JOBS=1 TEST_SECONDS=21600 tests/run $(VARIANT) $(FAULTS) \
	  tests/faults/manager.sh
	@cat $(B)/logs/faults-*.log | grep -E '^[0-9]+ |^[a-z_]+ +[0-9]+ times|^[a-zA-Z].*: [0-9]+ devices|cuts, |^fail-over|^while one|first answer|s until'

# SECONDS=600 for longer.
.PHONY: check-concurrency
check-concurrency: export CONCURRENCY_SECONDS := $(or $(SECONDS),600)
check-concurrency: ## all functions at once at random for ten minutes: deadlocks, order of locks
	@tools/deps build
	@$(SUBMAKE) $(B)/tests/concurrency/concurrency_test
	@TEST_SECONDS=36000 tests/run $(VARIANT) $(B)/tests/concurrency/concurrency_test
	@grep -h "begun anew" $(B)/logs/*.log

# LIVES=100000 SEED=7; lives are lived 50,000 at a time, each with a seed.
.PHONY: lives lives-kill
LIVES_RUN = @tools/lives --seed $(or $(SEED),1) --lives
lives: ## a million random lives of devices: is each record true to its device?
	@tools/deps build
	@$(SUBMAKE) all
	$(LIVES_RUN) $(or $(LIVES),1000000)
lives-kill: ## 50,000 of them while fotad is killed every few seconds
	@tools/deps build
	@$(SUBMAKE) all
	$(LIVES_RUN) $(or $(LIVES),50000) --kill

# SECONDS=600 for each fuzzer.
fuzz: ## feed damaged input to every parser, 60 seconds each
	@tools/deps build fuzz
	@$(SUBMAKE) VARIANT=fuzz CC=clang fuzzers
	@tests/fuzz/run $(or $(SECONDS),60)

# Idle and slow connections, and all limits met together; figures are printed.
.PHONY: hold
HOLDS = $(B)/tests/hostile/hold_test $(B)/tests/hostile/memory_test \
  $(B)/tests/http/limits_test
hold: export HOLD_IDLE := $(or $(HOLD_IDLE),5000)
hold: export HOLD_READERS := $(or $(HOLD_READERS),300)
hold: export HOLD_SLOW := $(or $(HOLD_SLOW),500)
hold: export HOLD_REQUESTS := $(or $(HOLD_REQUESTS),300)
hold: export MEMORY_CONNECTIONS := $(or $(MEMORY_CONNECTIONS),5000)
hold: ## hold 5,000 idle and 500 slow connections, and slow readers
	@tools/deps build
	@$(SUBMAKE) $(HOLDS)
	@for test in $(HOLDS); do tests/run $(VARIANT) $$test || exit 1; \
	  grep -hE '^(quiet|held|[0-9]+ conn|[0-9]+ slow|all limits)' build/$(VARIANT)/logs/*.log; done

# WAIT=yes: the hour is waited for.
.PHONY: check-restore
check-restore: ## back up, lose the server, restore to an hour before (pgBackRest)
	@tools/deps build restore
	@$(SUBMAKE) all $(CLOCK)
	@tools/check-restore

.PHONY: deb check-package
deb: ## Debian packages, in build/deb
	@tools/deps build package
	@tools/deb

check-package: ## the packages in a booted Debian 12 of its own (root)
	@tools/deps build package
	@tools/check-package

.PHONY: check-browser
check-browser: ## the screens in a real browser; pictures in build/screenshots
	@tools/deps build browser
	@$(SUBMAKE) all
	@tests/browser/run

# CASES=500 for fewer, of each role.
.PHONY: check-openapi
check-openapi: ## is the OpenAPI file exact? schemathesis asks as each role
	@tools/deps build
	@$(SUBMAKE) all
	@tests/openapi/run

demo: ## a whole DSP on this machine, until Ctrl-C
	@tools/deps build
	@$(SUBMAKE) all
	@tools/demo
demo-once: ## the same, ending by itself
	@tools/deps build
	@$(SUBMAKE) all
	@tools/demo --once
# tools/bench --help: parts alone, other sizes.
bench: ## measure, each figure beside its floor: build/bench.json, .svg
	@tools/deps build
	@$(SUBMAKE) all
	@tools/bench
# MINUTES=600 for longer.
soak: export BENCH_MINUTES := $(or $(MINUTES),30)
soak: ## a steady load for MINUTES=30: is memory flat, is latency?
	@tools/deps build
	@$(SUBMAKE) all
	@tools/bench soak

D = $(DESTDIR)$(PREFIX)
install: all ## into PREFIX (/usr/local) below DESTDIR
	install -d $(D)/bin $(D)/lib/systemd/system $(DESTDIR)$(SYSCONFDIR)/fotad
	install $(PROGRAMS) $(D)/bin
	sed 's|/usr/bin/|$(PREFIX)/bin/|' config/fotad.service \
	  > $(D)/lib/systemd/system/fotad.service
	install -D -m 644 config/fotad.sysusers $(D)/lib/sysusers.d/fotad.conf
	for page in $(wildcard docs/man/*.[1578]); do \
	  install -D -m 644 $$page $(D)/share/man/man$${page##*.}/$${page##*/}; done
	install -d $(D)/share/bash-completion/completions
	for file in README.md config/addresses.conf docs/*.md docs/*.svg schemas/*.json config/prometheus/*; do \
	  install -D -m 644 $$file $(D)/share/doc/fotad/$${file#config/}; done
	build/release/fotactl completion \
	  > $(D)/share/bash-completion/completions/fotactl
	test -e $(DESTDIR)$(SYSCONFDIR)/fotad/fotad.conf || \
	  install -m 644 config/fotad.conf $(DESTDIR)$(SYSCONFDIR)/fotad/fotad.conf

uninstall: ## take away what install brought; configuration and data stay
	rm -f $(addprefix $(D)/bin/,$(notdir $(PROGRAMS)))
	rm -f $(D)/lib/systemd/system/fotad.service $(D)/lib/sysusers.d/fotad.conf
	for page in $(wildcard docs/man/*.[1578]); do \
	  rm -f $(D)/share/man/man$${page##*.}/$${page##*/}; done
	rm -f $(D)/share/bash-completion/completions/fotactl
	rm -rf $(D)/share/doc/fotad

clean: ## stop the private PostgreSQL and remove everything built
	@tools/pg clean
	rm -rf build
