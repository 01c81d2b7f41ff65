// Standard input as a file name: what `-` on the command line stands for.

export const STANDARD_INPUT = "/dev/stdin";
