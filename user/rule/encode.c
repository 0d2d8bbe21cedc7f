/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/modifier.h"

/*
 * The forms in which a value is looked for: with other dashes, as UTF-16, in base64. A form is
 * pattern elements, so that wildcards go through what keeps characters apart, and nothing else.
 */

#define FORMS_MAX 4096

static struct elements *form_add(struct load *load, const struct wanted *wanted,
				 struct forms *forms, size_t room)
{
	struct elements *form = NULL;

	if (forms->list.len == FORMS_MAX) {
		load_fault(load, wanted->item,
			   "the value has more than %d encoded forms: fewer "
			   "dashes would be right",
			   FORMS_MAX);
		return NULL;
	}
	form = vec_add(&forms->list);
	if (!load_memory(load, form))
		return NULL;
	form->at = arena_alloc(load->arena, (room ? room : 1) * sizeof(*form->at));
	return load_memory(load, form->at) ? form : NULL;
}

static bool is_word(uint16_t e)
{
	return (e >= '0' && e <= '9') || (e >= 'A' && e <= 'Z') || (e >= 'a' && e <= 'z') ||
	       e == '_';
}

/* A - or / that begins a flag: nothing of a word before it, a word behind it. */
static bool windash(struct load *load, const struct wanted *wanted, const struct elements *from,
		    struct forms *to)
{
	struct elements *form = form_add(load, wanted, to, from->len);

	if (!form)
		return false;
	for (; form->len < from->len; form->len++) {
		unsigned i = form->len;
		bool dash = (from->at[i] == '-' || from->at[i] == '/') &&
			    (!i || !is_word(from->at[i - 1])) && i + 1 < from->len &&
			    is_word(from->at[i + 1]);

		form->at[i] = dash ? PATTERN_DASH : from->at[i];
	}
	return true;
}

static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};

/* What encodes bytes needs each dash written out. */
static bool dashes_out(struct load *load, const struct wanted *wanted, const struct elements *from,
		       struct forms *to)
{
	unsigned at = 0;

	while (at < from->len && from->at[at] != PATTERN_DASH)
		at++;
	for (size_t d = 0; d < (at < from->len ? sizeof(dashes) / sizeof(dashes[0]) : 1); d++) {
		struct forms inner = {.list = {0}};
		struct elements *form = form_add(load, wanted, &inner, from->len + 3);
		bool good = form != NULL;

		for (unsigned i = 0; good && i < from->len; i++)
			if (i != at)
				form->at[form->len++] = from->at[i];
			else
				for (const char *c = dashes[d]; *c; c++)
					form->at[form->len++] = (uint8_t)*c;
		if (good && at < from->len) {
			good = dashes_out(load, wanted, form, to);
		} else if (good) {
			struct elements *out = form_add(load, wanted, to, 0);

			good = out != NULL;
			if (good)
				*out = *form;
		}
		vec_free(&inner.list);
		if (!good)
			return false;
	}
	return true;
}

/* One code point of UTF-8; what is none is a byte of Latin 1. Moves *i behind it. */
static uint32_t code_point(const struct elements *from, unsigned *i)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint16_t first = from->at[(*i)++];
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	uint32_t code = more ? first & (0x3fu >> more) : first;

	for (unsigned k = 0; k < more; k++) {
		if (*i + k >= from->len || (from->at[*i + k] & ~0x3fu) != 0x80)
			return first;
		code = code << 6 | (from->at[*i + k] & 0x3f);
	}
	if (!more || code < least[more] || code > 0x10ffff)
		return first;
	*i += more;
	return code;
}

static void unit_add(struct elements *form, uint32_t unit, bool big)
{
	form->at[form->len++] = big ? (uint8_t)(unit >> 8) : (uint8_t)unit;
	form->at[form->len++] = big ? (uint8_t)unit : (uint8_t)(unit >> 8);
}

static bool utf16(struct load *load, const struct wanted *wanted, const struct elements *from,
		  struct forms *to, bool mark, bool big)
{
	struct elements *form = form_add(load, wanted, to, (size_t)from->len * 4 + 2);

	if (!form)
		return false;
	if (mark)
		unit_add(form, 0xfeff, big);
	for (unsigned i = 0; i < from->len;) {
		uint32_t code;

		if (from->at[i] > 0xff) {
			form->at[form->len++] = from->at[i++];
			continue;
		}
		code = code_point(from, &i);
		if (code >= 0x10000) {
			unit_add(form, 0xd800 + ((code - 0x10000) >> 10), big);
			unit_add(form, 0xdc00 + ((code - 0x10000) & 0x3ff), big);
		} else {
			unit_add(form, code, big);
		}
	}
	return true;
}

/* RFC 4648, 4. `lead` bytes stand before the value; `skip` and `cut` characters depend on them or
 * on what follows, and are left out. */
static bool base64_at(struct load *load, const struct wanted *wanted, const struct elements *from,
		      struct forms *to, unsigned lead, unsigned skip, unsigned cut)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned length = from->len + lead, written = (length + 2) / 3 * 4;
	struct elements *form = form_add(load, wanted, to, written);

	for (unsigned i = 0; form && i < written; i++) {
		unsigned byte = i / 4 * 3, bits = 0;

		if (i < skip || i >= written - cut)
			continue;
		for (unsigned k = byte; k < byte + 3; k++)
			bits = bits << 8 | (k < lead || k >= length ? 0 : from->at[k - lead]);
		form->at[form->len++] = i % 4 > length - byte
						? '='
						: (uint8_t)digits[bits >> (18 - 6 * (i % 4)) & 63];
	}
	return form != NULL;
}

static bool base64(struct load *load, const struct wanted *wanted, const struct elements *from,
		   struct forms *to, bool offsets)
{
	static const unsigned skips[] = {0, 2, 3}, cuts[] = {0, 3, 2};

	for (unsigned i = 0; i < from->len; i++)
		if (from->at[i] > 0xff)
			return load_fault(load, wanted->item,
					  "a value with wildcards has no base64: 'contains' "
					  "instead of * would be right");
	if (!offsets)
		return base64_at(load, wanted, from, to, 0, 0, 0);
	for (unsigned lead = 0; lead < 3; lead++)
		if (!base64_at(load, wanted, from, to, lead, skips[lead],
			       cuts[(from->len + lead) % 3]))
			return false;
	return true;
}

static bool encode(struct load *load, const struct wanted *wanted, enum encoding encoding,
		   const struct elements *from, struct forms *to)
{
	switch (encoding) {
	case ENCODE_WINDASH:
		return windash(load, wanted, from, to);
	case ENCODE_UTF16LE:
		return utf16(load, wanted, from, to, false, false);
	case ENCODE_UTF16BE:
		return utf16(load, wanted, from, to, false, true);
	case ENCODE_UTF16:
		return utf16(load, wanted, from, to, true, false);
	case ENCODE_BASE64:
		return base64(load, wanted, from, to, false);
	case ENCODE_BASE64OFFSET:
		return base64(load, wanted, from, to, true);
	}
	return false;
}

/* One step of the chain, over all forms so far. */
static bool step(struct load *load, const struct wanted *wanted, struct forms *forms, int encoding)
{
	struct forms next = {.list = {0}};
	bool good = true;

	vec_each (form, &forms->list) {
		good = good &&
		       (encoding < 0 ? dashes_out(load, wanted, form, &next)
				     : encode(load, wanted, (enum encoding)encoding, form, &next));
	}
	vec_free(&forms->list);
	*forms = next;
	return good;
}

bool forms_make(struct load *load, const struct selector *s, const struct wanted *wanted,
		struct forms *forms)
{
	struct elements *form = vec_add(&forms->list);
	bool dashed = false;

	if (!load_memory(load, form))
		return false;
	if (!pattern_read(form, wanted->text, wanted->length, load->arena))
		return load_fault(load, wanted->item, "a value of more than 65,535 bytes");
	for (unsigned i = 0; i < s->encodings_len; i++) {
		if (dashed && s->encodings[i] != ENCODE_WINDASH) {
			if (!step(load, wanted, forms, -1))
				return false;
			dashed = false;
		}
		dashed |= s->encodings[i] == ENCODE_WINDASH;
		if (!step(load, wanted, forms, (int)s->encodings[i]))
			return false;
	}
	return true;
}
