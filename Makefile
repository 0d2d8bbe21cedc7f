# SPDX-License-Identifier: Apache-2.0
# `make` alone prints help. A target's help is the text behind its ##.

SHELL        := /bin/bash
BUILD        ?= build
CC           ?= cc
CLANG        ?= clang
BPFTOOL      ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool) bpftool)
VERSION      := 0.1.0

ARCH         := $(shell uname -m | sed 's/aarch64/arm64/; s/x86_64/x86/')
PACKAGES     := libbpf jansson yaml-0.1 sqlite3 libssl libcrypto libmnl libnetfilter_conntrack

CFLAGS       ?= -O2 -g
WEIR_CFLAGS  := -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
                -Wmissing-prototypes -fno-strict-aliasing -I. -Iuser -I$(BUILD) \
                -DWEIR_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
WEIR_LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm
SANITIZE     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BPF_CFLAGS   := -target bpf -mcpu=v2 -O2 -g -std=gnu17 -Wall -Wextra -Werror -D__TARGET_ARCH_$(ARCH) \
                -Ivmlinux/$(ARCH) -I.

SOURCES      := $(sort $(shell find user -name '*.c'))
BPF_SOURCES  := $(sort $(wildcard bpf/*.bpf.c))
SKELETONS    := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
OBJECTS      := $(SOURCES:%.c=$(BUILD)/%.o)
ASAN_OBJECTS := $(SOURCES:%.c=$(BUILD)/asan/%.o)
UNIT_SOURCES := $(sort $(shell find tests/unit -name 'test_*.c'))
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/unit/%)
BPF_TESTS    := $(patsubst tests/bpf/%.c,$(BUILD)/tests/bpf/%,$(sort $(wildcard tests/bpf/test_*.c)))
BENCH_BPF    := $(patsubst tests/bench/%.bpf.c,$(BUILD)/tests/bench/%.skel.h,$(wildcard tests/bench/*.bpf.c))
BENCHES      := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/bench_*.c))
BPF_HELPERS  := $(filter-out tests/bpf/test_%,$(wildcard tests/bpf/*.c))

.DEFAULT_GOAL := help
.PHONY: help all deps run demo test test-unit test-bpf test-live test-vm check bench install package clean
.SECONDARY:

help: ## this text
	@printf 'weir %s\n\n' '$(VERSION)'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

all: $(BUILD)/weir ## build the program at build/weir

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h) $(wildcard vmlinux/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BUILD)/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(WEIR_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(WEIR_CFLAGS) -O1 -g $(SANITIZE) -MMD -MP -c $< -o $@

# All but main(), for the program and for tests.
$(BUILD)/libweir.a: $(filter-out $(BUILD)/user/main.o,$(OBJECTS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/libweir-asan.a: $(filter-out $(BUILD)/asan/user/main.o,$(ASAN_OBJECTS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/weir: $(BUILD)/user/main.o $(BUILD)/libweir.a
	$(CC) $(LDFLAGS) -o $@ $^ $(WEIR_LIBS)

$(BUILD)/weir-asan: $(BUILD)/asan/user/main.o $(BUILD)/libweir-asan.a
	$(CC) $(SANITIZE) -o $@ $^ $(WEIR_LIBS)

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libweir-asan.a
	@mkdir -p $(@D)
	$(CC) $(WEIR_CFLAGS) -O1 -g $(SANITIZE) -Itests -MMD -MP -o $@ $< $(BUILD)/libweir-asan.a $(WEIR_LIBS) -lcmocka

$(BUILD)/tests/bpf/%: tests/bpf/%.c $(BPF_HELPERS) $(BUILD)/libweir.a | $(SKELETONS)
	@mkdir -p $(@D)
	$(CC) $(WEIR_CFLAGS) $(CFLAGS) -Itests -MMD -MP -o $@ $< $(BPF_HELPERS) $(BUILD)/libweir.a $(WEIR_LIBS) -lcmocka

# A benchmark prints one JSON object a line: {"name", "value", "unit", "against"}.
$(BUILD)/tests/bench/%.bpf.o: tests/bench/%.bpf.c $(wildcard bpf/*.h) $(wildcard vmlinux/*/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/tests/bench/%.skel.h: $(BUILD)/tests/bench/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libweir.a | $(SKELETONS) $(BENCH_BPF)
	$(CC) $(WEIR_CFLAGS) $(CFLAGS) -I$(BUILD)/tests/bench -Itests -MMD -MP -o $@ $< $(BUILD)/libweir.a $(WEIR_LIBS)

benches: $(BENCHES)
unit-tests: $(UNIT_TESTS)
bpf-tests: $(BPF_TESTS)

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(ASAN_OBJECTS:.o=.d) $(UNIT_TESTS:=.d)
