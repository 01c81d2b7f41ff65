// Mocha reporter: dots while all is well, then every failure with its message, difference and the line that repeats it,
// and as the very last line `N passed, N failed`, alone on that line, which programs and people may rely on.
// A skipped test is listed by name: it must not hide.
import Mocha from "mocha";

const DOTS_A_LINE = 80;
const STACK_LINES_MAX = 12;

export class Reporter extends Mocha.reporters.Base {
  readonly #failures: { readonly test: Mocha.Runnable; readonly error: unknown }[] = [];
  readonly #skipped: string[] = [];
  #passedCount = 0;
  #dotCount = 0;

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const events = Mocha.Runner.constants;
    runner.on(events.EVENT_TEST_PASS, () => {
      this.#passedCount += 1;
      this.#dot(".");
    });
    runner.on(events.EVENT_TEST_FAIL, (test: Mocha.Runnable, error: unknown) => {
      this.#failures.push({ test, error });
      this.#dot("!");
    });
    runner.on(events.EVENT_TEST_PENDING, (test: Mocha.Test) => {
      this.#skipped.push(test.title);
      this.#dot("-");
    });
    runner.once(events.EVENT_RUN_END, () => this.#printEnd());
  }

  #dot(sign: string): void {
    process.stdout.write(sign);
    this.#dotCount += 1;
    if (this.#dotCount % DOTS_A_LINE === 0) process.stdout.write("\n");
  }

  #printEnd(): void {
    const lines: string[] = [""];
    for (const title of this.#skipped) lines.push(`skipped: ${title}`);
    for (const { test, error } of this.#failures) lines.push("", ...describeFailure(test, error));
    lines.push("", `${this.#passedCount} passed, ${this.#failures.length} failed`, "");
    process.stdout.write(lines.join("\n"));
  }
}

function describeFailure(test: Mocha.Runnable, error: unknown): readonly string[] {
  const lines = [`failed: ${test.fullTitle()}`];
  if (error instanceof Error) {
    const stack = error.stack ?? error.message;
    lines.push(...indent(stack.split("\n").slice(0, STACK_LINES_MAX)));
    if ("expected" in error && "actual" in error)
      lines.push(
        ...indent(["expected:", ...valueLines(error.expected)]),
        ...indent(["actual:", ...valueLines(error.actual)]),
      );
    if (error.cause !== undefined)
      lines.push(...indent([`cause: ${Mocha.utils.stringify(error.cause)}`]));
  } else {
    lines.push(...indent(valueLines(error)));
  }
  lines.push(`repeat: npm test -- --all '${test.title.replaceAll("'", "'\\''")}'`);
  return lines;
}

function valueLines(value: unknown): readonly string[] {
  return Mocha.utils.stringify(value).split("\n");
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
