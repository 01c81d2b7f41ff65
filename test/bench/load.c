// A closed-loop LDAP client that keeps a server busy and verifies every answer: one thread, epoll, N connections with D
// requests outstanding on each. Built and run by load-generator.ts; the result is one line of JSON on stdout.
//
// Entries are numbered: entry n is uid=<name>,<base>, where the run of '#' in the name template is replaced by n with leading
// zeros. Searches and modifications go over all numbers in an order in which neighbors lie far apart (next_number) and no
// number comes twice before all have come once; additions and deletions go upwards.
//
// Operations: search (equality of uid, below the base), read (a base search), initial and any (substrings of mail that one entry
// has), list (equality of sn, which some hundred share), tree (everything below the base), scan (equality of an attribute
// without index), compare, bind, modify, add, delete, member (another value for the group that is named), mixed (nine searches, one
// modification). With --rate no more operations start in a second than it says.
//
// What is verified: message ID and kind of each response, result code success (compare: true); a search finds exactly the entry
// that was asked for, with its uid, or the right number of them; after modifications entries are read and must show the value of
// the last answered one, and groups are asked for members. Any fault ends the program with exit code 3 and a line on stderr.
#include "ldap.h"
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/epoll.h>

enum { DEPTH_MAX = 256, NAME_BYTES_MAX = 512, EVENTS_MAX = 256 };
enum { READ_BACK_MAX = 200, STALL_SECONDS = 60 };

enum { SURNAMES = 997 }; // as in people.ts
enum { MIXED_PERIOD = 10 };

typedef enum {
  OP_SEARCH, OP_READ, OP_INITIAL, OP_ANY, OP_LIST, OP_TREE, OP_SCAN,
  OP_COMPARE, OP_BIND, OP_MODIFY, OP_ADD, OP_DELETE, OP_MEMBER, OP_MIXED, OP_COUNT
} Operation;
static const struct {
  const char *name;
  int tag, final_tag;
} OPERATIONS[OP_COUNT] = {
    [OP_SEARCH] = {"search", SEARCH, SEARCH_DONE},   [OP_READ] = {"read", SEARCH, SEARCH_DONE},
    [OP_INITIAL] = {"initial", SEARCH, SEARCH_DONE}, [OP_ANY] = {"any", SEARCH, SEARCH_DONE},
    [OP_LIST] = {"list", SEARCH, SEARCH_DONE},       [OP_TREE] = {"tree", SEARCH, SEARCH_DONE},
    [OP_SCAN] = {"scan", SEARCH, SEARCH_DONE},       [OP_COMPARE] = {"compare", COMPARE, COMPARE_DONE},
    [OP_BIND] = {"bind", BIND, BIND_DONE},           [OP_MODIFY] = {"modify", MODIFY, MODIFY_DONE},
    [OP_ADD] = {"add", ADD, ADD_DONE},               [OP_DELETE] = {"delete", DELETE, DELETE_DONE},
    [OP_MEMBER] = {"member", MODIFY, MODIFY_DONE},   [OP_MIXED] = {"mixed", 0, 0},
};

typedef struct {
  int port, connections, depth, pid;
  const char *bind_dn, *password, *base, *name, *group;
  Operation operation;
  double seconds, warm_up_seconds;
  long first, range, count; // count 0: until the time is over
  double rate;              // operations a second, not more; 0: as fast as answers come
  unsigned long run;        // makes the values of this run unlike those of others
} Options;

static Options options = {.connections = 1, .depth = 1, .seconds = 2, .warm_up_seconds = 0.3, .range = 1,
                          .name = "user######", .bind_dn = "", .password = ""};

// ---- Names and values ----

static void name_of(long number, char *out) {
  const char *run = strchr(options.name, '#');
  size_t before = run == NULL ? strlen(options.name) : (size_t)(run - options.name);
  size_t width = run == NULL ? 0 : strspn(run, "#");
  memcpy(out, options.name, before);
  if (width == 0) out[before] = 0;
  else snprintf(out + before, NAME_BYTES_MAX - before, "%0*ld%s", (int)width, number, run + width);
}

static void dn_of(long number, char *out) {
  char name[NAME_BYTES_MAX];
  name_of(number, name);
  snprintf(out, 2 * NAME_BYTES_MAX, "uid=%s,%s", name, options.base);
}

// As people.ts makes it.
static void password_of(long number, char *out) { sprintf(out, "secret-%ld", number); }

static void value_of(long ordinal, char *out) { sprintf(out, "load %lx.%ld", options.run, ordinal); }

static long greatest_common_divisor(long a, long b) { return b == 0 ? a : greatest_common_divisor(b, a % b); }

// What operation number `ordinal` is.
static Operation operation_of(long ordinal) {
  if (options.operation != OP_MIXED) return options.operation;
  return ordinal % MIXED_PERIOD == 0 ? OP_MODIFY : OP_SEARCH;
}

// The entry that operation number `ordinal` is about. The stride is near the golden section of the range.
static long number_for(long ordinal) {
  static long stride = 0;
  if (options.operation == OP_ADD || options.operation == OP_DELETE) return options.first + ordinal;
  if (stride == 0) {
    stride = (long)((double)options.range * 0.6180339887) | 1;
    while (greatest_common_divisor(stride, options.range) != 1) stride += 2;
  }
  long start = (long)(options.run % (unsigned long)options.range);
  return options.first + (long)(((__int128)ordinal * stride + start) % options.range);
}

// ---- Requests ----

static void put_substring(Writer *writer, int kind, const char *type, const char *value) {
  int end = writer->start;
  put_text(writer, kind, value);
  put_header(writer, SEQUENCE, end);
  put_text(writer, OCTETS, type);
  put_header(writer, FILTER_SUBSTRINGS, end);
}

static void put_filter(Writer *writer, Operation operation, long number) {
  char text[2 * NAME_BYTES_MAX];
  name_of(number, text);
  switch (operation) {
    case OP_INITIAL:
    case OP_ANY:
      strcat(text, "@");
      put_substring(writer, operation == OP_ANY ? SUBSTRING_ANY : SUBSTRING_INITIAL, "mail", text + (operation == OP_ANY));
      break;
    case OP_LIST:
      sprintf(text, "Surname%ld", number % SURNAMES);
      put_assertion(writer, FILTER_EQUALITY, "sn", text);
      break;
    case OP_SCAN:
      sprintf(text, "%ld", number);
      put_assertion(writer, FILTER_EQUALITY, "employeeNumber", text);
      break;
    case OP_SEARCH: put_assertion(writer, FILTER_EQUALITY, "uid", text); break;
    default: put_text(writer, FILTER_PRESENT, "objectClass");
  }
}

// A search for all user attributes.
static void put_search(Writer *writer, Operation operation, long number) {
  char dn[2 * NAME_BYTES_MAX];
  dn_of(number, dn);
  int is_read = operation == OP_READ;
  put_selection(writer);
  put_filter(writer, operation, number);
  put_search_head(writer, is_read ? dn : options.base, is_read ? SCOPE_BASE : SCOPE_SUBTREE);
}

// The entries that a search finds.
static long matches_of(Operation operation, long number) {
  if (operation == OP_TREE) return options.range + 1; // with the base
  if (operation != OP_LIST) return 1;
  long first = number % SURNAMES;
  return first < options.range ? (options.range - 1 - first) / SURNAMES + 1 : 0;
}

static void put_modify(Writer *writer, long number, long ordinal) {
  char dn[2 * NAME_BYTES_MAX], value[64];
  dn_of(number, dn);
  value_of(ordinal, value);
  put_modification(writer, dn, MOD_REPLACE, "description", value);
}

// The DN that operation number `ordinal` adds to the group: nobody's, and in no other run.
static void member_of(long ordinal, char *out) {
  snprintf(out, 2 * NAME_BYTES_MAX, "uid=member %lx.%ld,%s", options.run, ordinal, options.base);
}

static void put_member(Writer *writer, long ordinal) {
  char dn[2 * NAME_BYTES_MAX];
  member_of(ordinal, dn);
  put_modification(writer, options.group, MOD_ADD, "member", dn);
}

static void put_add(Writer *writer, long number) {
  char name[NAME_BYTES_MAX], dn[2 * NAME_BYTES_MAX], text[2 * NAME_BYTES_MAX];
  name_of(number, name);
  dn_of(number, dn);
  int end = writer->start;
  snprintf(text, sizeof text, "%s@example.com", name);
  put_attribute(writer, "mail", text);
  snprintf(text, sizeof text, "Surname%ld", number % 997);
  put_attribute(writer, "sn", text);
  snprintf(text, sizeof text, "User %ld", number);
  put_attribute(writer, "cn", text);
  put_attribute(writer, "uid", name);
  int values = writer->start;
  put_text(writer, OCTETS, "inetOrgPerson");
  put_text(writer, OCTETS, "organizationalPerson");
  put_text(writer, OCTETS, "person");
  put_text(writer, OCTETS, "top");
  put_header(writer, SET, values);
  put_text(writer, OCTETS, "objectClass");
  put_header(writer, SEQUENCE, values);
  put_header(writer, SEQUENCE, end);
  put_text(writer, OCTETS, dn);
}

static void put_request(Writer *writer, long id, long ordinal) {
  Operation operation = operation_of(ordinal);
  long number = number_for(ordinal);
  char dn[2 * NAME_BYTES_MAX], text[NAME_BYTES_MAX];
  dn_of(number, dn);
  writer->start = MESSAGE_BYTES_MAX;
  switch (operation) {
    case OP_MODIFY: put_modify(writer, number, ordinal); break;
    case OP_ADD: put_add(writer, number); break;
    case OP_MEMBER: put_member(writer, ordinal); break;
    case OP_DELETE: put_bytes(writer, dn, (int)strlen(dn)); break;
    case OP_COMPARE:
      name_of(number, text);
      put_assertion(writer, SEQUENCE, "uid", text);
      put_text(writer, OCTETS, dn);
      break;
    case OP_BIND:
      password_of(number, text);
      put_bind(writer, dn, text);
      break;
    default: put_search(writer, operation, number);
  }
  put_message(writer, OPERATIONS[operation].tag, id);
}

// ---- Responses ----

// The entry must be entry `number` and have the value for the type.
static void check_entry(Reader response, long number, const char *type, const char *value) {
  char dn[2 * NAME_BYTES_MAX];
  dn_of(number, dn);
  Reader shown = must_read(&response, OCTETS, "a DN");
  if (!equals(shown, dn)) fail(EXIT_FAULT, "wrong answer: %.*s instead of %s", (int)(shown.end - shown.at), shown.at, dn);
  Reader attributes = must_read(&response, SEQUENCE, "a list of attributes");
  while (attributes.at < attributes.end) {
    Reader attribute = must_read(&attributes, SEQUENCE, "an attribute");
    int wanted = equals(must_read(&attribute, OCTETS, "an attribute type"), type);
    Reader values = must_read(&attribute, SET, "a set of values");
    while (wanted && values.at < values.end) {
      if (equals(must_read(&values, OCTETS, "a value"), value)) return;
    }
  }
  fail(EXIT_FAULT, "wrong answer: %s does not have %s: %s", dn, type, value);
}

// ---- Connections ----

typedef struct {
  long id, ordinal; // id 0: free
  long entries;
  double sent_at;
} Slot;

typedef struct {
  int socket, in_flight, waits_for_room;
  long rounds;
  unsigned char *input;
  int input_bytes;
  unsigned char *output;
  int output_bytes, output_room;
  Slot slots[DEPTH_MAX];
} Connection;

static int poller;
static long issued, answered, modified, last_ordinals[READ_BACK_MAX];
static double counting_since, last_answer_at;
static float *latencies;
static long latency_count, latency_room;

static Connection *open_connection(void) {
  Connection *connection = calloc(1, sizeof *connection);
  connection->socket = open_socket(options.port);
  connection->input = malloc(INPUT_BYTES);
  connection->output_room = 1 << 16;
  connection->output = malloc((size_t)connection->output_room);
  bind_socket(connection->socket, options.bind_dn, options.password);
  fcntl(connection->socket, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(poller, EPOLL_CTL_ADD, connection->socket, &event);
  return connection;
}

static void flush(Connection *connection) {
  while (connection->output_bytes > 0) {
    ssize_t count = write(connection->socket, connection->output, (size_t)connection->output_bytes);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) fail(1, "cannot write: %s", strerror(errno));
    connection->output_bytes -= (int)count;
    memmove(connection->output, connection->output + count, (size_t)connection->output_bytes);
  }
  int waits = connection->output_bytes > 0;
  if (waits == connection->waits_for_room) return;
  connection->waits_for_room = waits;
  struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = connection};
  epoll_ctl(poller, EPOLL_CTL_MOD, connection->socket, &event);
}

static void issue(Connection *connection, Slot *slot) {
  Writer writer;
  connection->rounds += 1;
  *slot = (Slot){.id = 1 + connection->rounds * DEPTH_MAX + (slot - connection->slots), .ordinal = issued, .sent_at = now()};
  if (slot->id > 0x7fffffff - DEPTH_MAX) fail(1, "no message IDs are left");
  put_request(&writer, slot->id, slot->ordinal);
  int length = MESSAGE_BYTES_MAX - writer.start;
  while (connection->output_bytes + length > connection->output_room) {
    connection->output_room *= 2;
    connection->output = realloc(connection->output, (size_t)connection->output_room);
  }
  memcpy(connection->output + connection->output_bytes, writer.bytes + writer.start, (size_t)length);
  connection->output_bytes += length;
  connection->in_flight += 1;
  issued += 1;
}

static void count_answer(Slot *slot) {
  answered += 1;
  if (OPERATIONS[operation_of(slot->ordinal)].tag == MODIFY) {
    last_ordinals[modified % READ_BACK_MAX] = slot->ordinal;
    modified += 1;
  }
  if (slot->sent_at < counting_since) return;
  if (latency_count == latency_room) {
    latency_room = latency_room == 0 ? 65536 : latency_room * 2;
    latencies = realloc(latencies, sizeof *latencies * (size_t)latency_room);
  }
  latencies[latency_count] = (float)((last_answer_at - slot->sent_at) * 1e6);
  latency_count += 1;
}

// Verifies one message; whether it was the last of its operation.
static Slot *take_message(Connection *connection, Reader message) {
  long id = number_of(must_read(&message, INTEGER, "a message ID"));
  Slot *slot = &connection->slots[(id - 1) % DEPTH_MAX];
  if (id <= 0 || slot->id != id) fail(EXIT_FAULT, "wrong answer: message ID %ld was not asked for", id);
  int tag;
  Reader response;
  if (!read_element(&message, &tag, &response)) fail(EXIT_FAULT, "wrong answer: empty message");
  Operation operation = operation_of(slot->ordinal);
  long number = number_for(slot->ordinal);
  if (tag == SEARCH_ENTRY && OPERATIONS[operation].tag == SEARCH) {
    char name[NAME_BYTES_MAX];
    name_of(number, name);
    if (operation != OP_LIST && operation != OP_TREE) check_entry(response, number, "uid", name);
    slot->entries += 1;
    return NULL;
  }
  if (tag != OPERATIONS[operation].final_tag) fail(EXIT_FAULT, "wrong answer: response %02x", tag);
  check_result(response, operation == OP_COMPARE ? COMPARE_TRUE : 0, OPERATIONS[operation].name);
  long expected = matches_of(operation, number);
  if (tag == SEARCH_DONE && slot->entries != expected)
    fail(EXIT_FAULT, "wrong answer: %ld entries instead of %ld", slot->entries, expected);
  return slot;
}

static double started_at;

// No entry is modified a second time before the first time is answered: a server that lets one connection wait while it serves
// others would be free to swap the two. All operations before `whole` are answered; of the others those that are marked.
static unsigned char *is_answered;
static long whole;

static void mark_answered(long ordinal) {
  if (is_answered == NULL) return;
  is_answered[ordinal % options.range] = 1;
  for (; whole < issued && is_answered[whole % options.range]; whole += 1) is_answered[whole % options.range] = 0;
}

static int would_overtake(void) { return is_answered != NULL && issued - whole >= options.range; }

static int may_issue(int is_over) {
  if (is_over || (options.count > 0 && issued >= options.count) || would_overtake()) return 0;
  return options.rate == 0 || (double)issued <= options.rate * (now() - started_at);
}

// What was not due when its slot became free.
static void issue_due(Connection **connections, int is_over) {
  for (int i = 0; i < options.connections && may_issue(is_over); i += 1) {
    if (connections[i]->in_flight == options.depth) continue;
    for (int k = 0; k < options.depth && may_issue(is_over); k += 1)
      if (connections[i]->slots[k].id == 0) issue(connections[i], &connections[i]->slots[k]);
    flush(connections[i]);
  }
}

static void receive(Connection *connection, int is_over) {
  ssize_t count = read(connection->socket, connection->input + connection->input_bytes,
                       (size_t)(INPUT_BYTES - connection->input_bytes));
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) fail(1, "the server closed a connection");
  connection->input_bytes += (int)count;
  last_answer_at = now();
  Reader reader = {connection->input, connection->input + connection->input_bytes};
  Reader message;
  int tag;
  while (read_element(&reader, &tag, &message)) {
    if (tag != SEQUENCE) fail(EXIT_FAULT, "wrong answer: not an LDAP message");
    Slot *slot = take_message(connection, message);
    if (slot == NULL) continue;
    count_answer(slot);
    mark_answered(slot->ordinal);
    slot->id = 0;
    connection->in_flight -= 1;
    if (may_issue(is_over)) issue(connection, slot);
  }
  connection->input_bytes = (int)(reader.end - reader.at);
  memmove(connection->input, reader.at, (size_t)connection->input_bytes);
  flush(connection);
}

// ---- The run ----

enum { PROCESSES_MAX = 65536, PATH_BYTES_MAX = 300 };

// Parent, and user and system time of all threads, with those of ended children, in clock ticks; 0 when the process is gone.
static int read_process(int pid, int *parent, unsigned long *ticks) {
  char path[PATH_BYTES_MAX], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  unsigned long user = 0, system = 0, child_user = 0, child_system = 0;
  if (strrchr(text, ')') == NULL) return 0;
  sscanf(strrchr(text, ')') + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", parent, &user, &system, &child_user,
         &child_system);
  *ticks = user + system + child_user + child_system;
  return 1;
}

// The time of the server and of all processes below it, in microseconds; steps of a clock tick.
static double server_cpu_micros(void) {
  static struct { int pid, parent; unsigned long ticks; } processes[PROCESSES_MAX];
  static int family[PROCESSES_MAX];
  int count = 0, members = 0;
  unsigned long ticks = 0;
  if (options.pid == 0) return 0;
  DIR *folder = opendir("/proc");
  for (struct dirent *entry; folder != NULL && count < PROCESSES_MAX && (entry = readdir(folder)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid <= 0 || !read_process(pid, &processes[count].parent, &processes[count].ticks)) continue;
    processes[count].pid = pid;
    count += 1;
    if (pid != options.pid) continue;
    family[members++] = pid;
    ticks += processes[count - 1].ticks;
  }
  if (folder != NULL) closedir(folder);
  if (members == 0) fail(1, "there is no process %d", options.pid);
  for (int at = 0; at < members; at += 1) {
    for (int i = 0; i < count; i += 1) {
      if (processes[i].parent != family[at]) continue;
      family[members++] = processes[i].pid;
      ticks += processes[i].ticks;
    }
  }
  return (double)ticks / (double)sysconf(_SC_CLK_TCK) * 1e6;
}

typedef struct {
  long operations;
  double seconds, cpu_micros;
} Outcome;

static Outcome run(Connection **connections) {
  double start = started_at = now(), cpu = 0;
  long answered_before = 0;
  int is_counting = 0, is_over = 0;
  Outcome outcome = {0, 0, 0};
  last_answer_at = start;
  counting_since = start + 1e9;
  issue_due(connections, 0);
  for (;;) {
    if (options.rate > 0 || is_answered != NULL) issue_due(connections, is_over);
    double time = now();
    if (!is_counting && (options.count > 0 || time >= start + options.warm_up_seconds)) {
      is_counting = 1;
      counting_since = options.count > 0 ? start : time;
      answered_before = options.count > 0 ? 0 : answered;
      cpu = server_cpu_micros();
    }
    int is_done = options.count > 0 ? answered >= options.count : time >= counting_since + options.seconds;
    if (is_counting && !is_over && is_done) {
      is_over = 1;
      outcome = (Outcome){answered - answered_before, time - counting_since, server_cpu_micros() - cpu};
    }
    if (is_over && answered == issued) return outcome;
    if (answered < issued && time - last_answer_at > STALL_SECONDS) fail(1, "no answer for %d s", STALL_SECONDS);
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poller, events, EVENTS_MAX, options.rate > 0 ? 1 : 50);
    for (int i = 0; i < count; i += 1) {
      if (events[i].events & EPOLLOUT) flush(events[i].data.ptr);
      if (events[i].events & ~(unsigned)EPOLLOUT) receive(events[i].data.ptr, is_over);
    }
  }
}

static int read_back_count;

static void check_read_back(Reader response, long ordinal) {
  char value[64];
  value_of(ordinal, value);
  check_entry(response, number_for(ordinal), "description", value);
  read_back_count += 1;
}

static void read_back_entry(int descriptor, long ordinal) {
  if (ordinal + options.range < issued) return; // modified again since
  Writer writer = {.start = MESSAGE_BYTES_MAX};
  put_search(&writer, OP_READ, number_for(ordinal));
  put_message(&writer, SEARCH, 2);
  int before = read_back_count;
  ask(descriptor, &writer, SEARCH_DONE, 0, "search", check_read_back, ordinal);
  if (read_back_count != before + 1) fail(EXIT_FAULT, "wrong answer: a modified entry is not found");
}

static void read_back_member(int descriptor, long ordinal) {
  char dn[2 * NAME_BYTES_MAX];
  Writer writer = {.start = MESSAGE_BYTES_MAX};
  member_of(ordinal, dn);
  put_assertion(&writer, SEQUENCE, "member", dn);
  put_text(&writer, OCTETS, options.group);
  put_message(&writer, COMPARE, 2);
  ask(descriptor, &writer, COMPARE_DONE, COMPARE_TRUE, "compare of an added member", NULL, 0);
  read_back_count += 1;
}

// The entries modified last must show it. Before a number comes again all others have come: their values are the newest.
static void read_back(void) {
  if (modified == 0) return;
  int descriptor = open_socket(options.port);
  long checked = modified < READ_BACK_MAX ? modified : READ_BACK_MAX;
  bind_socket(descriptor, options.bind_dn, options.password);
  for (long i = 0; i < checked; i += 1) {
    if (options.operation == OP_MEMBER) read_back_member(descriptor, last_ordinals[i]);
    else read_back_entry(descriptor, last_ordinals[i]);
  }
  close(descriptor);
}

static int compare_floats(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void print_outcome(Outcome outcome) {
  qsort(latencies, (size_t)latency_count, sizeof *latencies, compare_floats);
  double p50 = latency_count == 0 ? 0 : latencies[latency_count / 2];
  double p99 = latency_count == 0 ? 0 : latencies[latency_count * 99 / 100];
  printf("{\"operations\":%ld,\"seconds\":%.6f,\"cpuMicros\":%.0f,\"p50Micros\":%.0f,\"p99Micros\":%.0f,\"readBack\":%d}\n",
         outcome.operations, outcome.seconds, outcome.cpu_micros, p50, p99, read_back_count);
}

static void read_options(int count, char **arguments) {
  static const struct option LONG[] = {
      {"port", 1, 0, 'p'}, {"bind-dn", 1, 0, 'D'}, {"password", 1, 0, 'w'}, {"base", 1, 0, 'b'}, {"name", 1, 0, 'n'},
      {"operation", 1, 0, 'o'}, {"connections", 1, 0, 'c'}, {"depth", 1, 0, 'd'}, {"seconds", 1, 0, 's'},
      {"warm-up", 1, 0, 'u'}, {"first", 1, 0, 'f'}, {"range", 1, 0, 'r'}, {"count", 1, 0, 'k'}, {"pid", 1, 0, 'P'},
      {"group", 1, 0, 'g'}, {"rate", 1, 0, 'R'}, {0, 0, 0, 0}};
  int letter;
  while ((letter = getopt_long(count, arguments, "", LONG, NULL)) > 0) switch (letter) {
      case 'p': options.port = atoi(optarg); break;
      case 'D': options.bind_dn = optarg; break;
      case 'w': options.password = optarg; break;
      case 'b': options.base = optarg; break;
      case 'n': options.name = optarg; break;
      case 'c': options.connections = atoi(optarg); break;
      case 'd': options.depth = atoi(optarg); break;
      case 's': options.seconds = atof(optarg); break;
      case 'u': options.warm_up_seconds = atof(optarg); break;
      case 'f': options.first = atol(optarg); break;
      case 'r': options.range = atol(optarg); break;
      case 'k': options.count = atol(optarg); break;
      case 'P': options.pid = atoi(optarg); break;
      case 'g': options.group = optarg; break;
      case 'R': options.rate = atof(optarg); break;
      case 'o':
        for (options.operation = 0; options.operation < OP_COUNT; options.operation += 1)
          if (strcmp(optarg, OPERATIONS[options.operation].name) == 0) break;
        if (options.operation == OP_COUNT) fail(EXIT_USAGE, "unknown operation %s", optarg);
        break;
      default: exit(EXIT_USAGE);
    }
  if (options.port == 0 || options.base == NULL) fail(EXIT_USAGE, "--port and --base are needed");
  if (options.depth < 1 || options.depth > DEPTH_MAX || options.connections < 1 || options.range < 1)
    fail(EXIT_USAGE, "a number is out of range");
  if (options.operation == OP_MEMBER && options.group == NULL) fail(EXIT_USAGE, "--group is needed");
  if (strlen(options.name) > 100 || strlen(options.base) > 300) fail(EXIT_USAGE, "a name is too long");
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  read_options(count, arguments);
  options.run = ((unsigned long)getpid() << 20) ^ (unsigned long)time(NULL);
  if (options.operation == OP_MODIFY || options.operation == OP_MIXED) is_answered = calloc((size_t)options.range, 1);
  poller = epoll_create1(0);
  Connection **connections = calloc((size_t)options.connections, sizeof *connections);
  for (int i = 0; i < options.connections; i += 1) connections[i] = open_connection();
  Outcome outcome = run(connections);
  read_back();
  print_outcome(outcome);
  return 0;
}
