/* SPDX-License-Identifier: Apache-2.0 */
/* What a conversation has named by numbers: shares, open files, requests without an answer yet. */
#include <stdlib.h>

#include "decode/smb.h"

/* Of one conversation. */
#define ITEMS_MAX 48
#define NAMES_MAX 8192

static ptrdiff_t bytes_of_item(const struct smb_item *item)
{
	return (ptrdiff_t)(sizeof(*item) + item->length);
}

void smb_forget(struct talk *talk, struct smb_item *item)
{
	struct smb *smb = talk->state;

	talk_release(talk, &item->held);
	TAILQ_REMOVE(&smb->items, item, age);
	smb->count--;
	smb->names -= item->length;
	talk_keeps(talk, -bytes_of_item(item));
	free(item);
}

void smb_forget_all(struct talk *talk)
{
	struct smb *smb = talk->state;

	while (smb->begun && !TAILQ_EMPTY(&smb->items))
		smb_forget(talk, TAILQ_FIRST(&smb->items));
}

struct smb_item *smb_remember(struct talk *talk, enum smb_item_kind kind, const uint64_t id[2],
			      struct text name)
{
	struct smb *smb = talk->state;
	size_t length = name.length < SMB_NAME_MAX ? name.length : SMB_NAME_MAX;
	struct smb_item *item = smb_recall(smb, kind, id);

	if (item) /* its number is used again */
		smb_forget(talk, item);
	item = calloc(1, sizeof(*item) + length);
	if (!item)
		return NULL;
	item->kind = (uint8_t)kind;
	memcpy(item->id, id, sizeof(item->id));
	item->length = (uint16_t)length;
	if (length)
		memcpy(item->name, name.at, length);
	while (smb->count && (smb->count >= ITEMS_MAX || smb->names + length > NAMES_MAX)) {
		talk_malformed(talk, SMB_FORGOTTEN);
		smb_forget(talk, TAILQ_FIRST(&smb->items));
	}
	TAILQ_INSERT_TAIL(&smb->items, item, age);
	smb->count++;
	smb->names += (uint32_t)length;
	talk_keeps(talk, bytes_of_item(item));
	return item;
}

struct smb_item *smb_recall(struct smb *smb, enum smb_item_kind kind, const uint64_t id[2])
{
	struct smb_item *item;

	TAILQ_FOREACH_REVERSE(item, &smb->items, smb_items, age)
	if (item->kind == kind && item->id[0] == id[0] && item->id[1] == id[1]) {
		TAILQ_REMOVE(&smb->items, item, age);
		TAILQ_INSERT_TAIL(&smb->items, item, age);
		return item;
	}
	return NULL;
}

void smb_set_user(struct talk *talk, struct text user)
{
	struct smb *smb = talk->state;
	char *copy = user.length ? malloc(user.length) : NULL;

	talk_keeps(talk, -(ptrdiff_t)smb->user_length);
	free(smb->user);
	if (copy)
		memcpy(copy, user.at, user.length);
	smb->user = copy;
	smb->user_length = copy ? user.length : 0;
	talk_keeps(talk, (ptrdiff_t)smb->user_length);
}
