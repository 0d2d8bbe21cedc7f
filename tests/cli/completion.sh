#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What shells complete of weir's command line: asked of the shells themselves.

. "$(dirname "$0")/../lib.sh"
mkdir -p "$SCRATCH/here/folder" "$SCRATCH/functions"
touch "$SCRATCH/here/one two.pcap"
for shell in bash zsh fish; do "$WEIR" help --completion $shell >"$SCRATCH/$shell"; done
cp "$SCRATCH/zsh" "$SCRATCH/functions/_weir"
cd "$SCRATCH/here" || exit

# with_bash WORD…: what bash offers for the last of these words, one a line.
with_bash() {
	bash --norc -c '
		. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_weir
		printf "%s\n" "${COMPREPLY[@]}"' "$SCRATCH/bash" "$@" | sort | tr '\n' ' '
}

# with_fish LINE
with_fish() {
	HOME=$SCRATCH fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$SCRATCH/fish" "$1" | sed 's/\t.*//' | sort | tr '\n' ' '
}

# with_zsh LINE: what is on the line after a tabulator, in an interactive shell on a terminal of its own.
with_zsh() {
	python3 - "$SCRATCH" "$1" <<-'END'
		import os, pty, re, select, sys, time
		folder, line = sys.argv[1:]
		pid, fd = pty.fork()
		if not pid:
		    os.environ.update(HOME=folder, TERM="dumb", PS1="> ", ZDOTDIR=folder)
		    os.execvp("zsh", ["zsh", "-f", "-i"])

		def until(mark, seconds=20):
		    said, end = b"", time.monotonic() + seconds
		    while time.monotonic() < end and mark not in said:
		        if select.select([fd], [], [], 0.2)[0]:
		            said += os.read(fd, 4096)
		    return said.decode(errors="replace")

		os.write(fd, f"fpath=({folder}/functions $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n".encode())
		until(b"ready\r\n")
		# What is completed stands behind `print`.
		os.write(fd, b"finish() { zle end-of-line; print -r -- \"<$BUFFER>\"; zle kill-whole-line }; zle -N finish; bindkey '^X' finish; echo bou''nd\n")
		until(b"bound\r\n")
		os.write(fd, line.encode() + b"\t\x18")
		print(*re.findall(r"<(weir[^>]*)>", until(b">\r"))[-1:])
		os.write(fd, b"exit\n")
	END
}

verbs=$("$WEIR" help --names | sort | tr '\n' ' ')
same "bash: verbs" "$verbs" "$(with_bash weir '')"
same "bash: one verb" "reload replay " "$(with_bash weir re)"
same "bash: options" "--config --database " "$(with_bash weir run --c; with_bash weir run --d)"
same "bash: levels" "high " "$(with_bash weir detections --level hi)"
same "bash: levels behind =" "high " "$(with_bash weir detections --level = hi)"
same "bash: files" "folder one two.pcap " "$(with_bash weir replay '')"
same "bash: a file as a value" "one two.pcap " "$(with_bash weir run -c one)"
same "bash: an option that may lack its value takes none" "--help --home --hook " "$(with_bash weir run --json --h)"
same "bash: folders" "folder " "$(with_bash weir replay --archive '')"
same "bash: sub-commands" "ack close show " "$(with_bash weir detections '')"
same "bash: interfaces" "lo " "$(with_bash weir run --interface lo)"
same "bash: help of verbs" "reload replay " "$(with_bash weir help re)"
same "bash: nothing for a verb that is none" "" "$(with_bash weir nonsense '' | tr -d ' ')"
expect "a shell that is none" 2 "no completion for 'tcsh': bash, zsh and fish" "$WEIR" help --completion tcsh

if command -v fish >/dev/null; then
	same "fish: verbs" "$verbs" "$(with_fish 'weir ')"
	same "fish: options" "--config " "$(with_fish 'weir run --con')"
	same "fish: levels" "high " "$(with_fish 'weir detections --level hi')"
	same "fish: sub-commands" "ack close show " "$(with_fish 'weir detections ')"
	same "fish: files" "folder/ one two.pcap " "$(with_fish 'weir replay ' | tr -d '\\')"
	same "fish: help of verbs" "reload replay " "$(with_fish 'weir help re')"
else
	skip "fish" "fish is not installed"
fi

if command -v zsh >/dev/null; then
	same "zsh: a verb" "weir detections" "$(with_zsh 'weir det')"
	same "zsh: an option" "weir run --config" "$(with_zsh 'weir run --conf')"
	same "zsh: a level" "weir detections --level high" "$(with_zsh 'weir detections --level hi')"
	same "zsh: a file" "weir replay one\\ two.pcap" "$(with_zsh 'weir replay on')"
	same "zsh: help of a verb" "weir help status" "$(with_zsh 'weir help sta')"
else
	skip "zsh" "zsh is not installed"
fi
