/* SPDX-License-Identifier: Apache-2.0 */
#include "top/top.h"

#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top/screen.h"

#define KEY_MS	   100 /* so long a key is waited for: the screen is drawn as often */
#define ESCAPE_MS  25
#define FIRST_WAIT 10 /* seconds until the first second must be over */

/* ---- the terminal ---- */

static void begin_colours(struct screen *screen)
{
	static const short colours[TINT_COUNT] = {
		[TINT_PLAIN] = -1,
		[TINT_BOLD] = -1,
		[TINT_DIM] = -1,
		[TINT_RED] = COLOR_RED,
		[TINT_YELLOW] = COLOR_YELLOW,
		[TINT_GREEN] = COLOR_GREEN,
		[TINT_BLUE] = COLOR_BLUE,
	};
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !has_colors())
		return;
	start_color();
	use_default_colors();
	for (short tint = 0; tint < TINT_COUNT; tint++)
		init_pair(tint, colours[tint], -1);
	screen->colour = true;
}

/* NULL with `error` said. */
static SCREEN *begin(struct screen *screen, struct error *error)
{
	const char *term = getenv("TERM");
	SCREEN *terminal = newterm(NULL, stdout, stdin);

	if (!terminal) {
		error_set(error, EXIT_SYSTEM, ENOTTY,
			  "terminal '%s' cannot show it: set TERM to one that is known, or use "
			  "--once or --json",
			  term ? term : "");
		return NULL;
	}
	set_term(terminal);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	timeout(KEY_MS);
	mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED |
			  BUTTON5_PRESSED,
		  NULL);
	mouseinterval(0);
	begin_colours(screen);
	return terminal;
}

/* ---- the loop ---- */

static bool is_due(const struct screen *screen, weir_time now)
{
	if (screen->asked == TIME_NONE)
		return true;
	return !screen->paused && screen->typing == TYPING_NONE && now - screen->asked >= WEIR_SEC;
}

static void loop(struct screen *screen)
{
	while (!screen->quit) {
		weir_time now = time_boot();
		int key;

		if (is_due(screen, now))
			screen_ask(screen, now);
		screen_draw(screen);
		key = getch();
		if (key == ERR && feof(stdin))
			return;
		screen_key(screen, key);
		screen_select(screen, screen->places[screen->page].selected);
	}
}

static void end(struct screen *screen)
{
	details_close(screen);
	top_rows_free(&screen->rows);
	json_decref(screen->answer);
	json_decref(screen->status);
}

int top_run(const struct top_options *options, struct error *error)
{
	struct screen screen = {.options = options, .asked = TIME_NONE, .asked_status = TIME_NONE};
	SCREEN *terminal;

	screen.answer = json_object();
	for (unsigned i = 0; i < TOP_PAGES; i++)
		screen.places[i].sort = top_pages[i].sort;
	snprintf(screen.filter, sizeof(screen.filter), "%s",
		 options->filter ? options->filter : "");
	screen_ask(&screen, time_boot());
	if (screen.error.text[0]) {
		*error = screen.error;
		end(&screen);
		return error->status;
	}
	terminal = begin(&screen, error);
	if (terminal) {
		loop(&screen);
		endwin();
		delscreen(terminal);
	}
	end(&screen);
	return terminal ? EXIT_DONE : error->status;
}

/* ---- without a screen ---- */

static void rest(void)
{
	const struct timespec second = {.tv_sec = 1};

	nanosleep(&second, NULL);
}

/* NULL with `error` said. */
static json_t *ask(const struct top_options *options, struct error *error)
{
	char request[TOP_WORD_MAX + 32];

	snprintf(request, sizeof(request), "top %u %.*s", options->rows, TOP_WORD_MAX,
		 options->filter ? options->filter : "");
	return options->ask(options->context, request, error);
}

/* The first answer that has a second in it, and one before it to begin with. */
static json_t *first_answer(const struct top_options *options, struct error *error)
{
	json_t *answer = ask(options, error);

	for (unsigned i = 0; answer && i < FIRST_WAIT; i++) {
		if (json_array_size(json_object_get(answer, "history")) > 1)
			break;
		json_decref(answer);
		rest();
		answer = ask(options, error);
	}
	return answer;
}

int top_print(const struct top_options *options, struct error *error)
{
	const struct top_page *page = &top_pages[TOP_FLOWS];
	struct terminal terminal = terminal_open(stdout);
	json_t *answer = first_answer(options, error);
	struct top_rows rows = {0};
	struct grid grid;

	if (!answer)
		return error->status;
	top_rows_make(&rows, page, json_object_get(answer, page->rows), page->sort, false);
	grid_begin(&grid, page->len);
	for (size_t i = 0; i < page->len; i++)
		grid_add(&grid, TINT_BOLD, page->columns[i].title);
	for (size_t r = 0; r < rows.len; r++)
		for (size_t i = 0; i < page->len; i++) {
			char text[TOP_CELL_MAX];

			page->columns[i].text(rows.at[r], text);
			grid_add(&grid, page->tint(rows.at[r]), text);
		}
	grid_end(&grid, &terminal, 0);
	top_rows_free(&rows);
	json_decref(answer);
	return EXIT_DONE;
}

int top_stream(const struct top_options *options, unsigned count, struct error *error)
{
	json_t *answer = first_answer(options, error);

	for (unsigned i = 1; answer; i++) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(answer);
		if (i == count || ferror(stdout))
			return EXIT_DONE;
		rest();
		answer = ask(options, error);
	}
	return error->status;
}
