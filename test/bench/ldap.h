// What LDAP clients in C share: BER, requests that are built from their end, responses that are verified, blocking questions.
// A fault ends the program, with exit code 3 when an answer is wrong and a line on stderr.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_BYTES_MAX = 4096, INPUT_BYTES = 1 << 18, EXIT_USAGE = 2, EXIT_FAULT = 3 };

// Tags of RFC 4511.
enum { INTEGER = 0x02, OCTETS = 0x04, BOOLEAN = 0x01, ENUMERATED = 0x0a, SEQUENCE = 0x30, SET = 0x31 };
enum { BIND = 0x60, BIND_DONE = 0x61, SEARCH = 0x63, SEARCH_ENTRY = 0x64, SEARCH_DONE = 0x65, MODIFY = 0x66,
       MODIFY_DONE = 0x67, ADD = 0x68, ADD_DONE = 0x69, DELETE = 0x4a, DELETE_DONE = 0x6b, COMPARE = 0x6e,
       COMPARE_DONE = 0x6f };
enum { SIMPLE_PASSWORD = 0x80, FILTER_EQUALITY = 0xa3, FILTER_SUBSTRINGS = 0xa4, FILTER_PRESENT = 0x87 };
enum { SUBSTRING_INITIAL = 0x80, SUBSTRING_ANY = 0x81 };
enum { SCOPE_BASE = 0, SCOPE_SUBTREE = 2, MOD_ADD = 0, MOD_REPLACE = 2, COMPARE_TRUE = 6 };

static inline void fail(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", program_invocation_short_name);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(code);
}

static inline double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// ---- BER, written from the end to the front, so that each length is known when its header is written ----

typedef struct {
  unsigned char bytes[MESSAGE_BYTES_MAX];
  int start;
} Writer;

static inline void put_bytes(Writer *writer, const void *bytes, int length) {
  if (length > writer->start) fail(EXIT_USAGE, "a message is longer than %d bytes", MESSAGE_BYTES_MAX);
  writer->start -= length;
  memcpy(writer->bytes + writer->start, bytes, (size_t)length);
}

static inline void put_byte(Writer *writer, int byte) {
  unsigned char value = (unsigned char)byte;
  put_bytes(writer, &value, 1);
}

// The header of everything that was put since `start` was `end`.
static inline void put_header(Writer *writer, int tag, int end) {
  int length = end - writer->start;
  if (length < 0x80) {
    put_byte(writer, length);
  } else {
    int count = 0;
    for (int rest = length; rest > 0; rest >>= 8, count += 1) put_byte(writer, rest & 0xff);
    put_byte(writer, 0x80 | count);
  }
  put_byte(writer, tag);
}

static inline void put_text(Writer *writer, int tag, const char *text) {
  int end = writer->start;
  put_bytes(writer, text, (int)strlen(text));
  put_header(writer, tag, end);
}

static inline void put_number(Writer *writer, int tag, long number) {
  int end = writer->start;
  long rest = number;
  do {
    put_byte(writer, (int)(rest & 0xff));
    rest >>= 8;
  } while (rest > 0);
  if (writer->bytes[writer->start] & 0x80) put_byte(writer, 0);
  put_header(writer, tag, end);
}

// PartialAttribute with one value.
static inline void put_attribute(Writer *writer, const char *type, const char *value) {
  int end = writer->start;
  put_text(writer, OCTETS, value);
  put_header(writer, SET, end);
  put_text(writer, OCTETS, type);
  put_header(writer, SEQUENCE, end);
}

// AttributeValueAssertion.
static inline void put_assertion(Writer *writer, int tag, const char *type, const char *value) {
  int end = writer->start;
  put_text(writer, OCTETS, value);
  put_text(writer, OCTETS, type);
  put_header(writer, tag, end);
}

static inline void put_bind(Writer *writer, const char *dn, const char *password) {
  put_text(writer, SIMPLE_PASSWORD, password);
  put_text(writer, OCTETS, dn);
  put_number(writer, INTEGER, 3);
}

// One modification of one value.
static inline void put_modification(Writer *writer, const char *dn, int kind, const char *type, const char *value) {
  int end = writer->start;
  put_attribute(writer, type, value);
  put_number(writer, ENUMERATED, kind);
  put_header(writer, SEQUENCE, end);
  put_header(writer, SEQUENCE, end);
  put_text(writer, OCTETS, dn);
}

// Everything behind the filter of a search for all user attributes.
static inline void put_selection(Writer *writer) { put_header(writer, SEQUENCE, writer->start); }

// Everything before the filter.
static inline void put_search_head(Writer *writer, const char *base, int scope) {
  put_number(writer, BOOLEAN, 0);
  put_number(writer, INTEGER, 0);
  put_number(writer, INTEGER, 0);
  put_number(writer, ENUMERATED, 0);
  put_number(writer, ENUMERATED, scope);
  put_text(writer, OCTETS, base);
}

// Makes what was put a message.
static inline void put_message(Writer *writer, int tag, long id) {
  put_header(writer, tag, MESSAGE_BYTES_MAX);
  put_number(writer, INTEGER, id);
  put_header(writer, SEQUENCE, MESSAGE_BYTES_MAX);
}

// ---- BER that came ----

typedef struct {
  const unsigned char *at, *end;
} Reader;

// Reads one element; 0 when the bytes do not hold it whole. `content` becomes its content.
static inline int read_element(Reader *reader, int *tag, Reader *content) {
  long room = reader->end - reader->at;
  if (room < 2) return 0;
  long length = reader->at[1], head = 2;
  if (length & 0x80) {
    int count = (int)(length & 0x7f);
    if (count > 4 || room < 2 + count) return 0;
    length = 0;
    for (int i = 0; i < count; i += 1) length = length << 8 | reader->at[2 + i];
    head += count;
  }
  if (room < head + length) return 0;
  *tag = reader->at[0];
  *content = (Reader){reader->at + head, reader->at + head + length};
  reader->at += head + length;
  return 1;
}

static inline Reader must_read(Reader *reader, int tag, const char *what) {
  int found;
  Reader content;
  if (!read_element(reader, &found, &content)) fail(EXIT_FAULT, "wrong answer: %s is cut off", what);
  if (found != tag) fail(EXIT_FAULT, "wrong answer: %s has tag %02x, not %02x", what, found, tag);
  return content;
}

static inline long number_of(Reader content) {
  long number = 0;
  for (; content.at < content.end; content.at += 1) number = number << 8 | *content.at;
  return number;
}

static inline int equals(Reader content, const char *text) {
  size_t length = strlen(text);
  return (size_t)(content.end - content.at) == length && strncasecmp((const char *)content.at, text, length) == 0;
}

// ---- Responses ----

// The result of a response that must have this code.
static inline void check_result(Reader response, long expected, const char *what) {
  long code = number_of(must_read(&response, ENUMERATED, "a result code"));
  if (code == expected) return;
  must_read(&response, OCTETS, "a matched DN");
  Reader message = must_read(&response, OCTETS, "a diagnostic message");
  fail(EXIT_FAULT, "wrong answer: %s has result %ld: %.*s", what, code, (int)(message.end - message.at), message.at);
}

// ---- Blocking questions ----

static inline int open_socket(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
    fail(1, "cannot connect to port %d: %s", port, strerror(errno));
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

static inline void write_all(int descriptor, const unsigned char *bytes, int length) {
  for (int at = 0; at < length;) {
    ssize_t count = write(descriptor, bytes + at, (size_t)(length - at));
    if (count <= 0) fail(1, "cannot write: %s", strerror(errno));
    at += (int)count;
  }
}

// Sends one request on a blocking socket and hands its responses to `on_entry`, but for the last one, which must have this code.
static inline void ask(int descriptor, Writer *request, int final_tag, long expected, const char *what,
                       void (*on_entry)(Reader, long), long argument) {
  static unsigned char input[INPUT_BYTES];
  int filled = 0;
  write_all(descriptor, request->bytes + request->start, MESSAGE_BYTES_MAX - request->start);
  for (;;) {
    ssize_t count = read(descriptor, input + filled, sizeof input - (size_t)filled);
    if (count <= 0) fail(1, "the server closed the connection at %s", what);
    filled += (int)count;
    Reader reader = {input, input + filled};
    Reader message;
    int tag;
    while (read_element(&reader, &tag, &message)) {
      Reader response;
      must_read(&message, INTEGER, "a message ID");
      if (!read_element(&message, &tag, &response)) fail(EXIT_FAULT, "wrong answer: empty message");
      if (tag == final_tag) {
        check_result(response, expected, what);
        return;
      }
      if (on_entry != NULL) on_entry(response, argument);
    }
    filled = (int)(reader.end - reader.at);
    memmove(input, reader.at, (size_t)filled);
  }
}

static inline void bind_socket(int descriptor, const char *dn, const char *password) {
  Writer writer = {.start = MESSAGE_BYTES_MAX};
  put_bind(&writer, dn, password);
  put_message(&writer, BIND, 1);
  ask(descriptor, &writer, BIND_DONE, 0, "bind", NULL, 0);
}
