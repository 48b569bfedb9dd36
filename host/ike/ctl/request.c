/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: from a line of JSON to struct ctl_request and back. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HAS_NAME = 1, HAS_TIMEOUT = 2, HAS_IKE = 4, HAS_REAUTH = 8, HAS_SA = 16 /* the name may be "#3" or "{5}" */ };

static const struct command {
	const char *name;
	unsigned int members;
} commands[CTL_COMMAND_COUNT] = {
	[CTL_UP] = { "up", HAS_NAME | HAS_TIMEOUT },
	[CTL_DOWN] = { "down", HAS_NAME | HAS_SA },
	[CTL_LIST] = { "list", 0 },
	[CTL_REKEY] = { "rekey", HAS_NAME | HAS_SA | HAS_IKE | HAS_REAUTH },
	[CTL_RELOAD] = { "reload", 0 },
	[CTL_LOG] = { "log", 0 },
};

static int fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CTL_ERROR_LEN, format, args);
	va_end(args);
	return -EINVAL;
}

/* "#3" or "{5}". */
static bool is_sa(const char *name)
{
	size_t digits = strspn(name + 1, "0123456789");

	if (!digits || digits > 10)
		return false;
	return *name == '#' ? !name[1 + digits] : *name == '{' && !strcmp(name + 1 + digits, "}");
}

/* What swanctl.conf allows in names of sections; one '/' between two. */
static bool is_name(const char *name)
{
	const char *slash = strchr(name, '/');

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(".,:{}=\"#", *p))
			return false;
	return *name && name[strlen(name) - 1] != '/' && (!slash || (slash > name && !strchr(slash + 1, '/')));
}

static int set_name(struct ctl_request *request, const json_t *value, char *error)
{
	const char *name = json_string_value(value);
	bool sa = commands[request->command].members & HAS_SA;

	if (!name)
		return fail(error, "name is not a string");
	if (strlen(name) >= CTL_NAME_MAX)
		return fail(error, "name is too long");
	if (!is_name(name) && !(sa && is_sa(name)))
		return fail(error, sa ? "name is none of NAME, CONNECTION/CHILD, #IKE-SA, {CHILD-SA}" : "name is neither NAME nor CONNECTION/CHILD");
	strcpy(request->name, name);
	return 0;
}

static int set_bool(bool *to, const char *key, const json_t *value, char *error)
{
	if (!json_is_boolean(value))
		return fail(error, "%s is neither true nor false", key);
	*to = json_is_true(value);
	return 0;
}

static int set_timeout(struct ctl_request *request, const json_t *value, char *error)
{
	json_int_t seconds = json_integer_value(value);

	if (!json_is_integer(value) || seconds < 0 || seconds > CTL_TIMEOUT_MAX_S)
		return fail(error, "timeout_s is not a number from 0 to %u", CTL_TIMEOUT_MAX_S);
	request->timeout_s = (uint32_t)seconds;
	return 0;
}

static int set_member(struct ctl_request *request, const char *key, const json_t *value, char *error)
{
	unsigned int members = commands[request->command].members;

	if (!strcmp(key, "command"))
		return 0;
	if (members & HAS_NAME && !strcmp(key, "name"))
		return set_name(request, value, error);
	if (members & HAS_TIMEOUT && !strcmp(key, "timeout_s"))
		return set_timeout(request, value, error);
	if (members & HAS_IKE && !strcmp(key, "ike"))
		return set_bool(&request->ike, key, value, error);
	if (members & HAS_REAUTH && !strcmp(key, "reauth"))
		return set_bool(&request->reauth, key, value, error);
	return fail(error, "%s has no member %.100s", commands[request->command].name, key);
}

static int from_object(json_t *object, struct ctl_request *request, char *error)
{
	const char *command = json_string_value(json_object_get(object, "command")), *key;
	unsigned int i = 0;
	json_t *value;
	int ret = 0;

	if (!command)
		return fail(error, "the request has no command");
	while (i < CTL_COMMAND_COUNT && strcmp(commands[i].name, command))
		i++;
	if (i == CTL_COMMAND_COUNT)
		return fail(error, "unknown command %.100s", command);
	request->command = (enum ctl_command)i;
	json_object_foreach(object, key, value)
		if (!ret)
			ret = set_member(request, key, value, error);
	if (!ret && commands[i].members & HAS_NAME && !*request->name)
		ret = fail(error, "%s needs a name", commands[i].name);
	return ret;
}

int ctl_request_parse(const char *line, size_t len, struct ctl_request *request, char error[CTL_ERROR_LEN])
{
	json_error_t why;
	json_t *object;
	int ret;

	memset(request, 0, sizeof(*request));
	if (len > CTL_REQUEST_MAX)
		return fail(error, "the request is longer than %u bytes", CTL_REQUEST_MAX);
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!object)
		return fail(error, "not JSON: %s", why.text);
	ret = json_is_object(object) ? from_object(object, request, error) : fail(error, "the request is not an object");
	json_decref(object);
	return ret;
}

json_t *ctl_request_build(const struct ctl_request *request)
{
	unsigned int members = commands[request->command].members;
	json_t *object = json_pack("{s:s}", "command", commands[request->command].name);
	int ret = object ? 0 : -1;

	if (!ret && members & HAS_NAME)
		ret = json_object_set_new(object, "name", json_string(request->name));
	if (!ret && request->timeout_s)
		ret = json_object_set_new(object, "timeout_s", json_integer(request->timeout_s));
	if (!ret && request->ike)
		ret = json_object_set_new(object, "ike", json_true());
	if (!ret && request->reauth)
		ret = json_object_set_new(object, "reauth", json_true());
	if (!ret)
		return object;
	json_decref(object);
	return NULL;
}
