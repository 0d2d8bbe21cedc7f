# SPDX-License-Identifier: Apache-2.0
# `make` alone prints help. A target's help is the text behind its ##.

SHELL        := /bin/bash
BUILD        ?= build
CC           ?= cc
CXX          ?= c++
CLANG        ?= clang
# Ubuntu's /usr/sbin/bpftool asks for the tools of the running kernel; any kernel's do here.
BPFTOOL      ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool) bpftool)
VERSION      := 0.1.0

# Where it goes, by the GNU conventions. The program is built for one sysconfdir and localstatedir
# (after a change: make clean), and finds its rules by where it lies: beside itself, or in
# ../share/weir.
PREFIX        ?= /usr/local
DESTDIR       ?=
prefix        ?= $(PREFIX)
exec_prefix   ?= $(prefix)
bindir        ?= $(exec_prefix)/bin
datarootdir   ?= $(prefix)/share
datadir       ?= $(datarootdir)
docdir        ?= $(datarootdir)/doc/weir
mandir        ?= $(datarootdir)/man
man1dir       ?= $(mandir)/man1
sysconfdir    ?= /etc
localstatedir ?= /var
unitdir       ?= $(exec_prefix)/lib/systemd/system
sysusersdir   ?= $(exec_prefix)/lib/sysusers.d
bash_completiondir ?= $(datadir)/bash-completion/completions
zsh_completiondir  ?= $(datadir)/zsh/site-functions
fish_completiondir ?= $(datadir)/fish/vendor_completions.d
INSTALL         ?= install
INSTALL_PROGRAM ?= $(INSTALL)
INSTALL_DATA    ?= $(INSTALL) -m 644

ARCH         := $(shell uname -m | sed 's/aarch64/arm64/; s/x86_64/x86/')
PACKAGES     := libbpf jansson yaml-0.1 sqlite3 libssl libcrypto libmnl \
                libpcre2-8 libmaxminddb libpsl libzstd zlib simdjson libseccomp libsystemd ncursesw \
                libcurl libmicrohttpd rdkafka

CFLAGS       ?= -O2 -g
WEIR_CFLAGS  := -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
                -Wmissing-prototypes -fno-strict-aliasing -I. -Iuser -I$(BUILD) \
                -DWEIR_VERSION='"$(VERSION)"' -DWEIR_SYSCONFDIR='"$(sysconfdir)"' \
                -DWEIR_LOCALSTATEDIR='"$(localstatedir)"' $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
# The one file that is not C: simdjson is a library of C++.
CXXFLAGS     ?= -O2 -g
WEIR_CXXFLAGS := -std=c++17 -D_GNU_SOURCE -Wall -Wextra -Werror -fno-exceptions -fno-rtti \
                -fno-strict-aliasing -I. -Iuser -I$(BUILD) $(shell pkg-config --cflags simdjson 2>/dev/null)
WEIR_LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lstdc++ -lpthread -lm
SANITIZE     ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BPF_CFLAGS   := -target bpf -mcpu=v2 -O2 -g -std=gnu17 -Wall -Wextra -Werror -D__TARGET_ARCH_$(ARCH) \
                -Ivmlinux/$(ARCH) -I.

SOURCES      := $(sort $(shell find user -name '*.c' -o -name '*.cc'))
BPF_SOURCES  := $(sort $(wildcard bpf/*.bpf.c))
SKELETONS    := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
OBJECTS      := $(addsuffix .o,$(addprefix $(BUILD)/,$(basename $(SOURCES))))
ASAN_OBJECTS := $(OBJECTS:$(BUILD)/%=$(BUILD)/asan/%)
UNIT_SOURCES := $(sort $(shell find tests/unit -name 'test_*.c'))
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/unit/%)
BPF_TESTS    := $(patsubst tests/bpf/%.c,$(BUILD)/tests/bpf/%,$(sort $(wildcard tests/bpf/test_*.c)))
BPF_HELPERS  := $(filter-out tests/bpf/test_%,$(wildcard tests/bpf/*.c))
FUZZERS      := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
# guided: by libFuzzer, of clang (tools/fuzz.sh).
FUZZ_DRIVER  ?= driver
FUZZ_LIBS    ?=
# Programs that scripts of tests and benchmarks start.
TEST_LIB     := $(patsubst tests/lib/%.c,$(BUILD)/tests/lib/%,$(filter-out %.bpf.c %.so.c,$(wildcard tests/lib/*.c)))
BENCH_BPF    := $(patsubst tests/bench/%.bpf.c,$(BUILD)/tests/bench/%.skel.h,$(wildcard tests/bench/*.bpf.c))
BENCHES      := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/bench_*.c))
TESTS        := $(UNIT_TESTS) $(BPF_TESTS) $(FUZZERS)
# What tests put in front of the C library of a program.
PRELOADS     := $(patsubst tests/lib/%.c,$(BUILD)/tests/lib/%,$(wildcard tests/lib/*.so.c))

# Only these need root, and only where the user is not: attaching, namespaces, packages.
SUDO         := $(if $(filter 0,$(shell id -u)),,sudo)
# Libraries that `deps` installs are seen by a make that starts after it; it uses all processors
# unless told otherwise.
AGAIN         = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# V=1 shows whole commands.
Q             = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

.DEFAULT_GOAL := help
.PHONY: help all deps deps-test run demo test test-unit test-bpf test-cli test-conformance test-oracle test-live test-fault test-vm test-fuzz test-kubernetes test-container test-grafana test-kafka test-sigmahq \
        fuzz-short check bench install install-strip uninstall package package-rpm test-package clean tests unit-tests bpf-tests benches fuzzers FORCE
.SECONDARY:

help: ## this text
	@printf 'weir %s\n\n' '$(VERSION)'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@printf '\nThe first to try: make run. What may be set: BUILD=%s prefix=%s DESTDIR= CC=%s CLANG=%s\n' \
		'$(BUILD)' '$(prefix)' '$(CC)' '$(CLANG)'

all: $(BUILD)/weir ## build the program at build/weir

deps: ## install what the build needs (Debian 12, 13; Ubuntu 22.04, 24.04)
	@tools/deps.sh build

deps-test: ## install what the tests need too
	@tools/deps.sh build test

run: deps ## install what is needed, build, watch this host (root, or sudo)
	@$(AGAIN) all
	$(SUDO) $(abspath $(BUILD))/weir run

demo: deps-test ## scan one network namespace from another, and see it detected
	@$(AGAIN) all
	@$(SUDO) env BUILD=$(abspath $(BUILD)) tools/demo.sh

# ---- the program ----

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h) $(wildcard vmlinux/*/*.h)
	@mkdir -p $(@D)
	$(call Q,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call Q,GEN,$@)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BUILD)/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(call Q,CC,$@)$(CC) $(WEIR_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(call Q,CXX,$@)$(CXX) $(WEIR_CXXFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.cc
	@mkdir -p $(@D)
	$(call Q,CXX,$@)$(CXX) $(WEIR_CXXFLAGS) -O1 -g $(SANITIZE) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(call Q,CC,$@)$(CC) $(WEIR_CFLAGS) -O1 -g $(SANITIZE) -MMD -MP -c $< -o $@

# All but main(), for the program and for tests.
$(BUILD)/libweir.a: $(filter-out $(BUILD)/user/main.o,$(OBJECTS))
	$(call Q,AR,$@)rm -f $@ && ar rcs $@ $^

$(BUILD)/libweir-asan.a: $(filter-out $(BUILD)/asan/user/main.o,$(ASAN_OBJECTS))
	$(call Q,AR,$@)rm -f $@ && ar rcs $@ $^

# The program looks for its rules beside itself first: a build folder runs without being installed.
$(BUILD)/rules:
	@mkdir -p $(@D)
	ln -sfn $(CURDIR)/rules $@

$(BUILD)/weir: $(BUILD)/user/main.o $(BUILD)/libweir.a | $(BUILD)/rules
	$(call Q,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^ $(WEIR_LIBS)

$(BUILD)/weir-asan: $(BUILD)/asan/user/main.o $(BUILD)/libweir-asan.a | $(BUILD)/rules
	$(call Q,LINK,$@)$(CC) $(SANITIZE) -o $@ $^ $(WEIR_LIBS)

# ---- its tests ----

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libweir-asan.a
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) $(WEIR_CFLAGS) -O1 -g $(SANITIZE) -Itests -MMD -MP -MF $@.d -MT $@ -o $@ $< \
		$(BUILD)/libweir-asan.a $(WEIR_LIBS) -lcmocka

$(BUILD)/tests/bpf/%: tests/bpf/%.c $(BPF_HELPERS) $(wildcard tests/bpf/*.h) $(BUILD)/libweir.a | $(SKELETONS)
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) $(WEIR_CFLAGS) $(CFLAGS) -Itests -MMD -MP -MF $@.d -MT $@ -o $@ $< $(BPF_HELPERS) \
		$(BUILD)/libweir.a $(WEIR_LIBS) -lcmocka

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/$(FUZZ_DRIVER).c $(BUILD)/libweir-asan.a
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) $(WEIR_CFLAGS) -O1 -g $(SANITIZE) -Itests -MMD -MP -MF $@.d -MT $@ -o $@ $< \
		tests/fuzz/$(FUZZ_DRIVER).c $(BUILD)/libweir-asan.a $(FUZZ_LIBS) $(WEIR_LIBS)

$(BUILD)/tests/lib/%: tests/lib/%.c
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) $(WEIR_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $<

$(BUILD)/tests/lib/%.so: tests/lib/%.so.c
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow $(CFLAGS) -fPIC -shared -o $@ $< -ldl

# A benchmark prints one JSON object a line: {"name", "value", "unit", "against"}.
$(BUILD)/tests/bench/%.bpf.o: tests/bench/%.bpf.c $(wildcard bpf/*.h) $(wildcard vmlinux/*/*.h)
	@mkdir -p $(@D)
	$(call Q,BPF,$@)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/tests/bench/%.skel.h: $(BUILD)/tests/bench/%.bpf.o
	$(call Q,GEN,$@)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libweir.a | $(SKELETONS) $(BENCH_BPF)
	@mkdir -p $(@D)
	$(call Q,TEST,$@)$(CC) $(WEIR_CFLAGS) $(CFLAGS) -I$(BUILD)/tests/bench -Itests -MMD -MP -MF $@.d -MT $@ -o $@ $< \
		$(BUILD)/libweir.a $(WEIR_LIBS)

unit-tests: $(UNIT_TESTS)
bpf-tests: $(BPF_TESTS)
fuzzers: $(FUZZERS)
benches: $(BENCHES) $(TEST_LIB)
tests: $(BUILD)/weir $(BUILD)/weir-asan $(TESTS) $(TEST_LIB) $(PRELOADS)

# What tests/run runs: it fails for a test that is in the list and was not built.
$(BUILD)/tests/list: $(TESTS) FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(TESTS:$(BUILD)/%=%) > $@

FORCE:

test: deps-test ## install what is needed, build, run all tests (root, or sudo for some)
	@$(AGAIN) tests $(BUILD)/tests/list
	@BUILD=$(abspath $(BUILD)) tests/run

test-oracle: export WEIR_ORACLE_CASES ?= 10000
test-unit test-bpf test-cli test-conformance test-oracle test-live test-fuzz: test-%: tests $(BUILD)/tests/list
	@BUILD=$(abspath $(BUILD)) tests/run $*

test-vm: tests $(BUILD)/tests/list ## every kernel that Debian and Ubuntu carry, in guests, with a table at the end
	@BUILD=$(abspath $(BUILD)) WEIR_VM=all tests/run vm

test-fault: tests $(BUILD)/tests/list ## floods, faults and kills at full size (an hour); SOAK=24h runs as long
	@BUILD=$(abspath $(BUILD)) WEIR_FAULT=long tests/run fault

test-kubernetes: all ## install the chart on a real Kubernetes of one node (root; builds it first: ten minutes)
	@$(SUDO) env BUILD=$(abspath $(BUILD)) tests/kubernetes/run.sh

test-container: all ## build the image by its Containerfile, run it, kill it (root, podman; ten minutes)
	@$(SUDO) env BUILD=$(abspath $(BUILD)) tests/container/run.sh

test-grafana: ## hold the dashboard against Grafana's published types (npm)
	@tests/grafana/run.sh

test-kafka: all ## send to a real Kafka of one node (root, java, mvn; five minutes)
	@$(SUDO) env BUILD=$(abspath $(BUILD)) tests/kafka/run.sh

test-sigmahq: all ## load the public rules of a checkout of SigmaHQ/sigma: SIGMA=FOLDER
	@BUILD=$(abspath $(BUILD)) WEIR_SIGMA=$(abspath $(SIGMA)) tests/cli/sigmahq.sh

fuzz-short: ## feed every fuzzer for a minute, guided by what it reaches where clang can
	@tools/deps.sh build test fuzz
	@tools/fuzz.sh $(abspath $(BUILD)) $(CLANG)

check: all ## style of the sources, scripts, and the rules themselves
	@tools/check.sh $(abspath $(BUILD))

bench: deps-test ## measure; writes build/bench.json
	@$(AGAIN) all benches
	@$(SUDO) env BUILD=$(abspath $(BUILD)) tools/bench.py $(BENCHES:$(BUILD)/%=$(abspath $(BUILD))/%)

# ---- where it goes ----

COMPLETIONS = $(bash_completiondir)/weir $(zsh_completiondir)/_weir $(fish_completiondir)/weir.fish

install: all ## install under prefix (and DESTDIR); bindir, mandir, sysconfdir, … may be set
	$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(datadir)/weir $(docdir) $(man1dir) $(unitdir) \
		$(sysusersdir) $(bash_completiondir) $(zsh_completiondir) $(fish_completiondir) \
		$(sysconfdir)/weir/rules)
	$(INSTALL_PROGRAM) $(BUILD)/weir $(DESTDIR)$(bindir)/weir
	rm -rf $(DESTDIR)$(datadir)/weir/rules
	cp -R rules $(DESTDIR)$(datadir)/weir/rules
	chmod -R u=rwX,go=rX $(DESTDIR)$(datadir)/weir/rules
	$(INSTALL_DATA) deploy/weir.yaml README.md CHANGELOG.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(docdir)/
	$(BUILD)/weir help --schema > $(DESTDIR)$(datadir)/weir/weir.schema.json
	chmod 644 $(DESTDIR)$(datadir)/weir/weir.schema.json
	[ -e $(DESTDIR)$(sysconfdir)/weir/weir.yaml ] || \
		$(INSTALL) -m 640 deploy/weir.yaml $(DESTDIR)$(sysconfdir)/weir/weir.yaml
	sed 's,@BINDIR@,$(bindir),g' deploy/systemd/weir.service > $(DESTDIR)$(unitdir)/weir.service
	chmod 644 $(DESTDIR)$(unitdir)/weir.service
	$(INSTALL_DATA) deploy/systemd/weir.sysusers $(DESTDIR)$(sysusersdir)/weir.conf
	$(BUILD)/weir help --man weir > $(DESTDIR)$(man1dir)/weir.1
	for verb in $$($(BUILD)/weir help --names); do \
		$(BUILD)/weir help --man $$verb > $(DESTDIR)$(man1dir)/weir-$$verb.1 || exit; \
	done
	chmod 644 $(DESTDIR)$(man1dir)/weir.1 $(DESTDIR)$(man1dir)/weir-*.1
	$(BUILD)/weir help --completion bash > $(DESTDIR)$(bash_completiondir)/weir
	$(BUILD)/weir help --completion zsh > $(DESTDIR)$(zsh_completiondir)/_weir
	$(BUILD)/weir help --completion fish > $(DESTDIR)$(fish_completiondir)/weir.fish
	chmod 644 $(addprefix $(DESTDIR),$(COMPLETIONS))
	[ -n "$(DESTDIR)" ] || ! command -v systemd-sysusers >/dev/null || \
		systemd-sysusers $(sysusersdir)/weir.conf
	[ -n "$(DESTDIR)" ] || ! getent group weir >/dev/null || chgrp weir $(sysconfdir)/weir/weir.yaml

install-strip: INSTALL_PROGRAM += -s
install-strip: install ## the same without symbols for debuggers

uninstall: ## remove what install put there; configuration, your rules and what was stored stay
	rm -f $(DESTDIR)$(bindir)/weir $(DESTDIR)$(unitdir)/weir.service $(DESTDIR)$(sysusersdir)/weir.conf \
		$(DESTDIR)$(man1dir)/weir.1 $(DESTDIR)$(man1dir)/weir-*.1 $(addprefix $(DESTDIR),$(COMPLETIONS))
	rm -rf $(DESTDIR)$(datadir)/weir $(DESTDIR)$(docdir)
	@echo 'weir: left where they are: $(sysconfdir)/weir, $(localstatedir)/lib/weir, the user weir'

package: ## install what it takes, build a Debian package: build/weir_VERSION_ARCH.deb
	@tools/deps.sh build package
	@tools/package.sh deb '$(VERSION)' '$(abspath $(BUILD))'

package-rpm: deps ## build an RPM package, where rpmbuild is
	@tools/package.sh rpm '$(VERSION)' '$(abspath $(BUILD))'

test-package: ## packages built, installed, upgraded, removed and purged in bare systems (minutes)
	@BUILD=$(abspath $(BUILD)) tests/package/run.sh; deb=$$?; BUILD=$(abspath $(BUILD)) tests/package/rpm.sh && exit $$deb

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(ASAN_OBJECTS:.o=.d) $(TESTS:=.d) $(TEST_LIB:=.d) $(BENCHES:=.d)
