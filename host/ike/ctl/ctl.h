/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of the agent: a UNIX stream socket, mode 0600, one JSON object a line. A request is
 * {"command":"up","name":"net","timeout_s":30}, its answer zero or more lines {"log":"..."} and then one {"ok":true,...} or
 * {"ok":false,"error":"..."}. docs/espalier-ike.md has the protocol.
 *
 * The server has no loop of its own: it is one descriptor to poll for reading and one function to call then. It never blocks.
 * A client that sends what is not a request gets an error; one whose line is too long, or that does not read, is dropped.
 */
#ifndef ESPALIER_CTL_H
#define ESPALIER_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_ERROR_LEN 512
#define CTL_NAME_MAX 256u	 /* bytes of a name in a request, its NUL included */
#define CTL_REQUEST_MAX 4096u	 /* bytes of a request's line */
#define CTL_CLIENTS_MAX 32u
#define CTL_BACKLOG_MAX (64u << 20) /* bytes a client may leave unread */
#define CTL_TIMEOUT_MAX_S 86400u
#define CTL_DEFAULT_PATH "/run/espalier/ike.sock"

enum ctl_command { CTL_UP, CTL_DOWN, CTL_LIST, CTL_REKEY, CTL_RELOAD, CTL_LOG, CTL_COMMAND_COUNT };

struct ctl_request {
	enum ctl_command command;
	/*
	 * up: "conn", "child" or "conn/child"; down, rekey: also "#3", an IKE SA, or "{5}", a CHILD SA, by the numbers that list prints.
	 * Printable, without spaces; as agent_up, agent_down and agent_rekey take it.
	 */
	char name[CTL_NAME_MAX];
	bool ike;		 /* rekey: the IKE SA of it */
	bool reauth;		 /* rekey: make the IKE SA anew, with authentication */
	uint32_t timeout_s;	 /* up: answer after this at the latest; 0: as long as the agent tries */
};

/* One request under way. */
struct ctl_call;

/*
 * What the agent does for each command. It ends each call exactly once by ctl_finish, at once or later; not after cancel.
 * request is valid during the function only.
 */
struct ctl_handlers {
	void (*up)(void *context, struct ctl_call *call, const struct ctl_request *request);
	void (*down)(void *context, struct ctl_call *call, const struct ctl_request *request);
	void (*list)(void *context, struct ctl_call *call, const struct ctl_request *request);
	void (*rekey)(void *context, struct ctl_call *call, const struct ctl_request *request);
	void (*reload)(void *context, struct ctl_call *call, const struct ctl_request *request);
	/* The client is gone before ctl_finish: forget the call. What it asked for may go on. */
	void (*cancel)(void *context, struct ctl_call *call);
};

struct ctl_server;

/*
 * Listen at path; a socket left behind by a dead server is replaced, one that a living server has is -EADDRINUSE. handlers and context must
 * outlive the server. 0, or a negative errno with one sentence in error.
 */
int ctl_server_open(const char *path, const struct ctl_handlers *handlers, void *context, struct ctl_server **server, char error[CTL_ERROR_LEN]);
/* To poll for reading; the same for the server's whole life. */
int ctl_server_fd(const struct ctl_server *server);
/* Accept, read, call handlers, write; returns when nothing is left to do. */
void ctl_server_run(struct ctl_server *server);
/* A line of log for every client that asked for the log. A newline at its end is dropped. */
void ctl_server_log(struct ctl_server *server, const char *text);
/* Calls under way are cancelled, the socket file removed. NULL is fine. */
void ctl_server_close(struct ctl_server *server);

/* A line of progress to the client of this call. */
void ctl_call_log(struct ctl_call *call, const char *text);
/*
 * The end: error NULL is success. result (an object or NULL, its reference is taken over) gives the answer further members. The call is invalid
 * afterwards.
 */
void ctl_finish(struct ctl_call *call, json_t *result, const char *error);
/*
 * In its place for a long answer: text that, put together, is one line of JSON without its newline; then the end, or the client is dropped because the
 * answer could not be completed. While a client has much to read still (ctl_call_full), nothing should be added.
 */
void ctl_call_part(struct ctl_call *call, const char *text);
bool ctl_call_full(const struct ctl_call *call);
void ctl_finish_parts(struct ctl_call *call, bool whole);

/*
 * One line of a request, without its newline, into *request. 0 or -EINVAL with one sentence in error. Unknown commands and members are errors.
 * (The server uses it; it is here for tests.)
 */
int ctl_request_parse(const char *line, size_t len, struct ctl_request *request, char error[CTL_ERROR_LEN]);
/* The reverse; a new reference, NULL without memory. */
json_t *ctl_request_build(const struct ctl_request *request);
/*
 * The other end, blocking: send the request, hand each log line to on_log (may be NULL), store the last line in *answer (new reference,
 * "ok" in it is true or false). CTL_LOG never answers. 0 or negative errno with one sentence in error.
 */
int ctl_ask(const char *path, const struct ctl_request *request, void (*on_log)(void *context, const char *text), void *context, json_t **answer,
	    char error[CTL_ERROR_LEN]);

#endif
