// How long after its answer a change is seen on another server. One change at a time on the first server; from its answer on the
// second one is asked back to back, on a connection of its own, until it shows the value. One line of JSON on stdout.
//
// What is verified: the result codes, that the entry is found with its DN on the second server, and that no sample takes longer
// than VISIBLE_SECONDS. Any fault ends the program with exit code 3.
#include "ldap.h"
#include <getopt.h>
#include <signal.h>

enum { SAMPLES_MAX = 1000000, VALUE_BYTES_MAX = 64, VISIBLE_SECONDS = 60 };

typedef struct {
  int port, other_port, samples, pause_micros;
  const char *bind_dn, *password, *other_bind_dn, *other_password, *dn;
} Options;

static Options options = {.samples = 100, .pause_micros = 3000};
static char wanted[VALUE_BYTES_MAX];
static int is_found, is_shown;

// Whether the value of `description` is the wanted one.
static void look(Reader response, long unused) {
  (void)unused;
  Reader dn = must_read(&response, OCTETS, "a DN");
  if (!equals(dn, options.dn)) fail(EXIT_FAULT, "wrong answer: %.*s instead of %s", (int)(dn.end - dn.at), dn.at, options.dn);
  is_found = 1;
  Reader attributes = must_read(&response, SEQUENCE, "a list of attributes");
  while (attributes.at < attributes.end) {
    Reader attribute = must_read(&attributes, SEQUENCE, "an attribute");
    int is_description = equals(must_read(&attribute, OCTETS, "an attribute type"), "description");
    Reader values = must_read(&attribute, SET, "a set of values");
    while (is_description && values.at < values.end) is_shown |= equals(must_read(&values, OCTETS, "a value"), wanted);
  }
}

static void change(int descriptor) {
  Writer writer = {.start = MESSAGE_BYTES_MAX};
  put_modification(&writer, options.dn, MOD_REPLACE, "description", wanted);
  put_message(&writer, MODIFY, 2);
  ask(descriptor, &writer, MODIFY_DONE, 0, "modify", NULL, 0);
}

static int shows(int descriptor) {
  Writer writer = {.start = MESSAGE_BYTES_MAX};
  put_selection(&writer);
  put_text(&writer, FILTER_PRESENT, "objectClass");
  put_search_head(&writer, options.dn, SCOPE_BASE);
  put_message(&writer, SEARCH, 3);
  is_found = is_shown = 0;
  ask(descriptor, &writer, SEARCH_DONE, 0, "search", look, 0);
  if (!is_found) fail(EXIT_FAULT, "wrong answer: %s is not found", options.dn);
  return is_shown;
}

static void read_options(int count, char **arguments) {
  static const struct option LONG[] = {
      {"port", 1, 0, 'p'}, {"bind-dn", 1, 0, 'D'}, {"password", 1, 0, 'w'}, {"other-port", 1, 0, 'q'}, {"other-bind-dn", 1, 0, 'E'},
      {"other-password", 1, 0, 'x'}, {"dn", 1, 0, 'd'}, {"samples", 1, 0, 'n'}, {"pause-micros", 1, 0, 'u'}, {0, 0, 0, 0}};
  int letter;
  while ((letter = getopt_long(count, arguments, "", LONG, NULL)) > 0) switch (letter) {
      case 'p': options.port = atoi(optarg); break;
      case 'D': options.bind_dn = optarg; break;
      case 'w': options.password = optarg; break;
      case 'q': options.other_port = atoi(optarg); break;
      case 'E': options.other_bind_dn = optarg; break;
      case 'x': options.other_password = optarg; break;
      case 'd': options.dn = optarg; break;
      case 'n': options.samples = atoi(optarg); break;
      case 'u': options.pause_micros = atoi(optarg); break;
      default: exit(EXIT_USAGE);
    }
  if (options.port == 0 || options.other_port == 0 || options.dn == NULL || options.bind_dn == NULL || options.password == NULL ||
      options.other_bind_dn == NULL || options.other_password == NULL)
    fail(EXIT_USAGE, "ports, bind DNs, passwords and a DN are needed");
  if (options.samples < 1 || options.samples > SAMPLES_MAX) fail(EXIT_USAGE, "the number of samples is out of range");
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  read_options(count, arguments);
  int first = open_socket(options.port), second = open_socket(options.other_port);
  bind_socket(first, options.bind_dn, options.password);
  bind_socket(second, options.other_bind_dn, options.other_password);
  double *visible = calloc((size_t)options.samples, sizeof *visible), *answer = calloc((size_t)options.samples, sizeof *answer);
  for (int i = 0; i < options.samples; i += 1) {
    snprintf(wanted, sizeof wanted, "latency %d.%d.%.6f", (int)getpid(), i, now());
    double sent_at = now();
    change(first);
    double answered_at = now();
    while (!shows(second)) {
      if (now() > answered_at + VISIBLE_SECONDS) fail(EXIT_FAULT, "a change is not seen after %d s", VISIBLE_SECONDS);
    }
    visible[i] = now() - answered_at;
    answer[i] = answered_at - sent_at;
    usleep((useconds_t)options.pause_micros);
  }
  qsort(visible, (size_t)options.samples, sizeof *visible, compare_doubles);
  qsort(answer, (size_t)options.samples, sizeof *answer, compare_doubles);
  printf("{\"samples\":%d,\"answerP50Micros\":%.0f,\"p50Micros\":%.0f,\"p90Micros\":%.0f,\"p99Micros\":%.0f,\"maxMicros\":%.0f}\n",
         options.samples, answer[options.samples / 2] * 1e6, visible[options.samples / 2] * 1e6,
         visible[options.samples * 9 / 10] * 1e6, visible[options.samples * 99 / 100] * 1e6, visible[options.samples - 1] * 1e6);
  return 0;
}
