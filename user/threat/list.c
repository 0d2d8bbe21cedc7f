/* SPDX-License-Identifier: Apache-2.0 */
#include "threat/list.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/log.h"
#include "threat/format.h"

#define FILES_MAX   4096 /* of a folder */
#define HEAD	    65536
#define FAULTS_TOLD 5 /* of a list; the others are counted */
#define FAULT_SHOWN 60

static const struct threat_format *const formats[] = {&threat_json, &threat_csv, &threat_text};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *threat_level_name(enum threat_level level)
{
	static const char *const names[] = {"low", "medium", "high", "critical"};

	return names[level];
}

bool threat_format_is_known(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i]->name, name))
			return true;
	return false;
}

uint64_t threat_counts_all(const struct threat_counts *counts)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < INDICATOR_KINDS; i++)
		all += counts->entries[i];
	return all;
}

/* ---- what formats tell ---- */

/* The text may be anything: only what can be printed is. */
void threat_fault(struct threat_intake *intake, const char *text, size_t length, const char *what)
{
	char shown[FAULT_SHOWN + 1], line[32] = "";
	size_t n = length < FAULT_SHOWN ? length : FAULT_SHOWN;

	intake->counts->not_understood++;
	if (intake->told >= FAULTS_TOLD)
		return;
	intake->told++;
	for (size_t i = 0; i < n; i++)
		shown[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	shown[n] = '\0';
	if (intake->line)
		snprintf(line, sizeof(line), ":%" PRIu64, intake->line);
	log_warn("%s%s: '%s%s': %s%s", intake->file, line, shown, n < length ? "…" : "", what,
		 intake->told == FAULTS_TOLD ? " (others of this list are only counted)" : "");
}

static void tell_refused(struct threat_intake *intake, const char *text, size_t length,
			 enum indicator_harm harm)
{
	char what[96];

	snprintf(what, sizeof(what), "refused: it is %s", indicator_harm_words(harm));
	threat_fault(intake, text, length, what);
	intake->counts->not_understood--;
	intake->counts->refused[harm]++;
}

static void tell_as(struct threat_intake *intake, const char *text, size_t length, uint32_t until)
{
	enum indicator_harm harm = indicator_harm(&intake->indicator, intake->domains);
	int added;

	if (harm) {
		tell_refused(intake, text, length, harm);
		return;
	}
	if (intake->table->len >= intake->max) {
		intake->counts->no_room++;
		return;
	}
	added = threat_table_add(intake->table, &intake->indicator, intake->number, until);
	if (added > 0)
		intake->counts->entries[intake->indicator.kind]++;
	else if (!added)
		intake->counts->again++;
	else
		snprintf(intake->why, sizeof(intake->why), "out of memory");
}

void threat_tell_read(struct threat_intake *intake, uint32_t until)
{
	char text[ADDR_TEXT_MAX];

	if (intake->indicator.kind != INDICATOR_ADDRESS) {
		tell_as(intake, intake->indicator.text, intake->indicator.length, until);
		return;
	}
	addr_format(&intake->indicator.network.base, text);
	tell_as(intake, text, strlen(text), until);
}

bool threat_tell(struct threat_intake *intake, const char *text, size_t length,
		 enum indicator_kind kind, uint32_t until)
{
	if (!indicator_read(text, length, kind, &intake->indicator)) {
		threat_fault(intake, text, length,
			     "an address, network, domain, URL, JA4 or hash would be right");
		return false;
	}
	tell_as(intake, text, length, until);
	return true;
}

/* ---- files ---- */

static void sign(struct threat_signature *signature, const char *path, const struct stat *st)
{
	struct {
		uint64_t before, device, inode, size;
		int64_t changed, status, name;
	} all = {
		signature->hash,
		(uint64_t)st->st_dev,
		(uint64_t)st->st_ino,
		(uint64_t)st->st_size,
		st->st_mtim.tv_sec * WEIR_SEC + st->st_mtim.tv_nsec,
		st->st_ctim.tv_sec * WEIR_SEC + st->st_ctim.tv_nsec,
		(int64_t)hash_bytes(path, strlen(path)),
	};

	signature->hash = hash_bytes(&all, sizeof(all));
	if (all.changed > signature->changed)
		signature->changed = all.changed;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls `each` for a file, or for the files of a folder in the order of their names. */
static int each_file(const char *path,
		     int (*each)(void *context, const char *path, const struct stat *st),
		     void *context)
{
	struct dirent **entries;
	struct stat st;
	int n, err = 0;

	if (stat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return S_ISREG(st.st_mode) ? each(context, path, &st) : -EINVAL;
	n = scandir(path, &entries, is_visible, by_name);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX];

		if (snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) <
			    (int)sizeof(file) &&
		    !err && i < FILES_MAX && !stat(file, &st) && S_ISREG(st.st_mode))
			err = each(context, file, &st);
		free(entries[i]);
	}
	free(entries);
	return n > FILES_MAX && !err ? -EFBIG : err;
}

static int look_at(void *context, const char *path, const struct stat *st)
{
	sign(context, path, st);
	return 0;
}

int threat_list_look(const char *path, struct threat_signature *signature)
{
	*signature = (struct threat_signature){0};
	return each_file(path, look_at, signature);
}

static const struct threat_format *format_of(const struct threat_intake *intake, const char *head,
					     size_t length)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(intake->options->format, formats[i]->name) ||
		    (!strcmp(intake->options->format, "auto") && formats[i]->claims(head, length)))
			return formats[i];
	return NULL;
}

static int read_open(struct reader *reader, struct threat_intake *intake)
{
	size_t have;
	const char *head = (const char *)reader_need(reader, HEAD, &have);
	const struct threat_format *format = format_of(intake, head, have);
	const char *broken;
	int err;

	if (!have && !reader_fault(reader)) {
		snprintf(intake->why, sizeof(intake->why), "it is empty");
		return -EINVAL;
	}
	if (!format && !reader_fault(reader)) {
		snprintf(intake->why, sizeof(intake->why),
			 "it is no text: plain text, CSV, MISP JSON or STIX 2.1 would be right");
		return -EINVAL;
	}
	err = format ? format->read(reader, intake) : 0;
	broken = reader_fault(reader);
	if (!broken)
		return err;
	snprintf(intake->why, sizeof(intake->why), "it is not whole: %s", broken);
	return -EINVAL;
}

struct reading {
	struct threat_intake intake;
	struct threat_list *list;
	bool folder;
};

static int read_file(void *context, const char *path, const struct stat *st)
{
	struct reading *reading = context;
	struct threat_intake *intake = &reading->intake;
	struct error error = {0};
	struct reader reader;
	int err;

	(void)st;
	intake->file = path;
	intake->line = 0;
	err = reader_open(&reader, path, &error);
	if (err) {
		snprintf(reading->list->error, sizeof(reading->list->error), "%s", error.text);
		return err;
	}
	err = read_open(&reader, intake);
	reader_close(&reader);
	/* Beside lists a folder may have what belongs to them. */
	if (err == -ENOMSG && reading->folder) {
		threat_fault(intake, "", 0, intake->why);
		intake->why[0] = '\0';
		err = 0;
	}
	if (!err && intake->why[0])
		err = -ENOMEM;
	if (err)
		snprintf(reading->list->error, sizeof(reading->list->error), "%s: %s", path,
			 intake->why[0] ? intake->why : strerror(-err));
	reading->list->counts.files += !err;
	return err;
}

/* A page that says "not found" where a list was, for example. */
static int nothing_read(struct threat_list *list, const char *path)
{
	const struct threat_counts *c = &list->counts;

	if (threat_counts_all(c) || c->again || c->no_room || !c->not_understood)
		return 0;
	snprintf(list->error, sizeof(list->error),
		 "%s: nothing in it is an indicator: plain text, CSV, MISP JSON or STIX 2.1 "
		 "would be right",
		 path);
	return -EINVAL;
}

/* Somebody was writing it: it will be read again when it stands still. */
static int moved_on(struct threat_list *list, const char *path)
{
	struct threat_signature now;

	if (!threat_list_look(path, &now) && now.hash == list->signature.hash)
		return 0;
	snprintf(list->error, sizeof(list->error), "%s: it was changed while it was read", path);
	return -EAGAIN;
}

int threat_list_read(const struct threat_list_options *options, uint16_t number,
		     const struct domain_list *domains, size_t max, struct threat_table *table,
		     struct threat_list *list)
{
	struct reading reading = {.list = list};
	struct stat st;
	int err;

	*list = (struct threat_list){0};
	reading.intake = (struct threat_intake){.options = options,
						.domains = domains,
						.table = table,
						.counts = &list->counts,
						.max = max,
						.number = number};
	reading.folder = !stat(options->path, &st) && S_ISDIR(st.st_mode);
	threat_list_look(options->path, &list->signature);
	err = each_file(options->path, read_file, &reading);
	if (!err)
		err = nothing_read(list, options->path);
	if (!err)
		err = moved_on(list, options->path);
	if (err && !list->error[0])
		snprintf(list->error, sizeof(list->error), "%s: %s", options->path,
			 err == -EINVAL ? "a file or a folder would be right" : strerror(-err));
	return err;
}
